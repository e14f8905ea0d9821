// What the controls of a run get from workbench/widgets/steering.py.
import type { Controls, FromSteering, HyperparameterValue, HyperparameterView } from "./messages.d.ts";
import type { Model } from "./types.d.ts";

export type Labels = Record<string, string>;
export type Send = (act: string, value: unknown) => void;
/** Ask before a run is ended, and come back to the button that asked. */
export type Confirm = (value: string, from: HTMLElement) => void;
export type Knob = HyperparameterView;
export type Value = HyperparameterValue;
export type Shown = Controls;
export interface Traits { labels: Labels; rows: Knob[]; shown: Shown }
export type SteeringModel = Model<Traits, FromSteering>;
