// What all widgets share.

/** A widget's model as anywidget gives it: its traits, and messages to and from Python. */
export interface Model<Traits, Message = never> {
  get<Name extends keyof Traits>(name: Name): Traits[Name];
  set<Name extends keyof Traits>(name: Name, value: Traits[Name]): void;
  save_changes(): void;
  on(name: string, act: (...about: any[]) => void): void;
  off(name: string, act: (...about: any[]) => void): void;
  send(message: Message): void;
}
