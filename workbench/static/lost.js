// @ts-check
// A view whose kernel is gone says so and what to do; what it has drawn stays.

import { listen, make } from "./controls.js";

/** @import { Model } from "./types.d.ts" */

const SILENT_MS = 20000;

/**
 * Python says every few seconds that it is there.
 * @param {Pick<Model<any>, "on" | "off">} model
 * @param {() => boolean} over whether the run has ended, after which nothing is heard any more
 * @param {(isLost: boolean) => void} change called when the kernel is lost, or heard again
 */
export function watchKernel(model, over, change) {
  let heard = Date.now();
  let lost = false;
  const look = () => {
    const now = !over() && Date.now() - heard > SILENT_MS;
    if (now !== lost) change((lost = now));
  };
  const hear = () => {
    heard = Date.now();
    look();
  };
  const gone = () => {
    heard = -Infinity; // a kernel that is there after all is heard again soon
    look();
  };
  const timer = setInterval(look, 1000);
  const leave = listen(model, { "msg:custom": hear, comm_live_update: gone });
  return () => {
    clearInterval(timer);
    leave();
  };
}

/** @param {Record<string, any>} labels */
export function makeLost(labels) {
  const box = make("div", "wb-lost");
  box.setAttribute("role", "alert");
  box.hidden = true;
  box.append(make("p", "", labels.lost), make("code", "", labels.attach));
  return box;
}
