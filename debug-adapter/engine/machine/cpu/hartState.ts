import { bigint, list, record, type RecordCodec, savedAs, type StateCodec } from '../../base/stateCodec.ts';
import { STATE_SLOTS } from './layout.ts';

type StateSlot = (typeof STATE_SLOTS)[number];

/** Returns a record with a value for each state slot. */
export function forEachSlot<T>(valueOf: (name: StateSlot) => T): Record<StateSlot, T> {
  const values: Partial<Record<StateSlot, T>> = {};
  for (const name of STATE_SLOTS) values[name] = valueOf(name);
  return values as Record<StateSlot, T>;
}

type HartState = { registers: bigint[]; floats: bigint[] } & Record<StateSlot, bigint>;

/** A hart's saved state: the integer and floating-point registers, and each state slot under its name in lower case. */
export const HART_STATE: RecordCodec<HartState> = record({
  registers: list(bigint, 32),
  floats: list(bigint, 32),
  ...forEachSlot((name): StateCodec<bigint> => savedAs(name.toLowerCase(), bigint)),
});
