/** A value outside React that components can watch. */

import { useSyncExternalStore } from "react";

export class Box<Value> {
  private readonly listeners = new Set<() => void>();

  constructor(private value: Value) {}

  readonly get = (): Value => this.value;

  readonly set = (value: Value): void => {
    this.value = value;
    for (const listener of this.listeners) listener();
  };

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };
}

export function useBox<Value>(box: Box<Value>): Value {
  return useSyncExternalStore(box.subscribe, box.get);
}
