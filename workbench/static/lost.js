// A view whose kernel is gone says so and what to do; what it has drawn stays.

import { listen, make } from "./controls.js";

const SILENT_MS = 20000;

// `over` tells whether the run has ended, after which nothing is heard any more; `change` is called
// with whether the kernel is lost. Python says every few seconds that it is there.
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

export function makeLost(labels) {
  const box = make("div", "wb-lost");
  box.setAttribute("role", "alert");
  box.hidden = true;
  box.append(make("p", "", labels.lost), make("code", "", labels.attach));
  return box;
}
