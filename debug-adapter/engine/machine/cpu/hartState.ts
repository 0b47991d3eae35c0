import { bigint, list, record, type RecordCodec, savedAs, type StateCodec } from '../../base/stateCodec.ts';
import { STATE_SLOTS } from './layout.ts';

type StateSlot = (typeof STATE_SLOTS)[number];

/** Maps each state slot to a value. */
export const forEachSlot = <T>(valueOf: (name: StateSlot) => T): Record<StateSlot, T> =>
  Object.fromEntries(STATE_SLOTS.map((name) => [name, valueOf(name)])) as Record<StateSlot, T>;

type HartState = { registers: bigint[]; floats: bigint[] } & Record<StateSlot, bigint>;

/** A hart's saved state: the integer and floating-point registers, and each state slot under its name in lower case. */
export const HART_STATE: RecordCodec<HartState> = record({
  registers: list(bigint, 32),
  floats: list(bigint, 32),
  ...forEachSlot((name): StateCodec<bigint> => savedAs(name.toLowerCase(), bigint)),
});
