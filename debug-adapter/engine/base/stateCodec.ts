import { fieldDamage } from '../../messages/stateDamage.ts';
import type { State, StateValue } from './state.ts';

/**
 * Describes a value in saved state, and converts the value to the form that `cbor.ts` encodes and back. A device
 * describes its fields once, and the same description is used to save and load them:
 *
 *     const STATE = record({ divisor: number, fifo: list(number), overrun: boolean });
 *     type UartState = Loaded<typeof STATE>;
 *
 * `save` and `load` copy lists and records, so the saved state and the device share no data.
 */
export interface StateCodec<T> {
  save(value: T): StateValue;
  /**
   * Loads a value from its saved form, which is undefined if the field is missing. Throws a StateError if the value
   * does not match.
   */
  load(saved: StateValue | undefined): T;
}

/** Implemented by every part of the machine that has state. */
export interface Stateful {
  /** Describes the saved state, so that a whole machine's state can be checked before any part loads it. */
  readonly stateCodec: StateCodec<unknown>;
  saveState(): State;
  /** Loads a state that `saveState` returned in the same format version. Throws a StateError if it is damaged. */
  loadState(state: State): void;
}

/** The type of the values that a codec loads. */
export type Loaded<C> = C extends StateCodec<infer T> ? T : never;

/** Thrown by `load` if saved state is damaged. `message` names the field, such as `devices.uart0.divisor`. */
export class StateError extends Error {
  override name = 'StateError';
  private readonly damage: FieldDamage;
  private readonly path: string;

  constructor(damage: FieldDamage, path = '') {
    super(fieldDamage[damage](path));
    this.damage = damage;
    this.path = path;
  }

  /**
   * Returns the same error with `part` prepended to its path. `part` is the name of the field, or the index of the
   * item, that contains the damage.
   */
  inside(part: string | number): StateError {
    const separator = this.path === '' || this.path.startsWith('[') ? '' : '.';
    return new StateError(this.damage, (typeof part === 'number' ? `[${part}]` : part) + separator + this.path);
  }
}

type FieldDamage = keyof typeof fieldDamage;

/** Any number except NaN; Infinity is valid. */
export const number: StateCodec<number> = {
  save: (value) => value,
  load: (saved) => (typeof saved === 'number' && !Number.isNaN(saved) ? saved : damaged(saved, 'number')),
};

/** A whole number in a range, such as an index. */
export function integer(min: number, max: number): StateCodec<number> {
  const isValid = (value: number) => Number.isInteger(value) && value >= min && value <= max;
  return {
    save: (value) => value,
    load: (saved) => (isValid(number.load(saved)) ? number.load(saved) : damaged(saved, 'range')),
  };
}

export const bigint: StateCodec<bigint> = {
  save: (value) => value,
  load: (saved) => (typeof saved === 'bigint' ? saved : damaged(saved, 'bigint')),
};

export const boolean: StateCodec<boolean> = {
  save: (value) => value,
  load: (saved) => (typeof saved === 'boolean' ? saved : damaged(saved, 'boolean')),
};

export const text: StateCodec<string> = {
  save: (value) => value,
  load: (saved) => (typeof saved === 'string' ? saved : damaged(saved, 'text')),
};

export const bytes: StateCodec<Uint8Array> = {
  save: (value) => value,
  load: (saved) => (saved instanceof Uint8Array ? saved : damaged(saved, 'bytes')),
};

/** One of several fixed strings. */
export function oneOf<const T extends string>(...known: readonly T[]): StateCodec<T> {
  return {
    save: (value) => value,
    load: (saved) => known.find((value) => value === saved) ?? damaged(saved, 'choice'),
  };
}

/** A list of items of the same type. If `length` is given, a list of any other length is treated as damaged. */
export function list<T>(item: StateCodec<T>, length?: number): StateCodec<T[]> {
  return {
    save: (values) => values.map((value) => item.save(value)),
    load(saved) {
      const items = listItems(saved, length);
      const values: T[] = [];
      try {
        for (const value of items) values.push(item.load(value));
      } catch (error) {
        throw inside(values.length, error);
      }
      return values;
    },
  };
}

/** An array of 32-bit words with a fixed length. */
export function words(length: number): StateCodec<Uint32Array> {
  const fixedList = list(number, length);
  return { save: (values) => [...values], load: (saved) => Uint32Array.from(fixedList.load(saved)) };
}

/** A set of numbers, saved in ascending order. */
export const numberSet: StateCodec<Set<number>> = {
  save: (values) => [...values].sort((a, b) => a - b),
  load: (saved) => new Set(numbers.load(saved)),
};

const numbers = list(number);

/** An optional field: it is omitted if its value is undefined, and older states may lack it. */
export function optional<T>(codec: StateCodec<T>): StateCodec<T | undefined> & { readonly isOptional: true } {
  return {
    isOptional: true,
    save: (value) => codec.save(value!),
    load: (saved) => (saved === undefined ? undefined : codec.load(saved)),
  };
}

/** A field whose name in saved state differs from the name in the code. Names in saved state never change. */
export function savedAs<T>(savedName: string, codec: StateCodec<T>): StateCodec<T> & { readonly savedName: string } {
  return { ...codec, savedName };
}

/** The codec of each field, in the order in which `record` saves and loads the fields. */
type Fields = Readonly<Record<string, StateCodec<unknown> & { savedName?: string; isOptional?: boolean }>>;

/** The type of the values that are loaded from a record with these fields. */
export type LoadedFields<F extends Fields> = { -readonly [K in keyof F]: Loaded<F[K]> };

/** A codec for values whose saved form has named fields. */
export interface RecordCodec<T> extends StateCodec<T> {
  save(value: T): State;
}

/** A record with named fields. Additional fields in the saved state are ignored. */
export function record<F extends Fields>(fields: F): RecordCodec<LoadedFields<F>> {
  const entries = Object.entries(fields).map(([name, codec]) => {
    return { name, savedName: codec.savedName ?? name, codec, isOptional: codec.isOptional ?? false };
  });
  return {
    save(values) {
      const state: State = {};
      for (const { name, savedName, codec, isOptional } of entries) {
        if (!isOptional || values[name] !== undefined) state[savedName] = codec.save(values[name]);
      }
      return state;
    },
    load(saved) {
      const state = fieldsOf(saved);
      const values: Record<string, unknown> = {};
      let field = '';
      try {
        for (const { name, savedName, codec } of entries) {
          field = savedName;
          values[name] = codec.load(state[field]);
        }
      } catch (error) {
        throw inside(field, error);
      }
      return values as LoadedFields<F>;
    },
  };
}

/** One of several records, distinguished by their field `kind`. */
export function variants<V extends Record<string, RecordCodec<object>>>(
  byKind: V,
): RecordCodec<{ [K in keyof V & string]: { kind: K } & Loaded<V[K]> }[keyof V & string]> {
  type Value = { [K in keyof V & string]: { kind: K } & Loaded<V[K]> }[keyof V & string];
  const kindOf = record({ kind: oneOf(...Object.keys(byKind)) });
  return {
    save: (value) => ({ kind: value.kind, ...byKind[value.kind].save(value) }),
    load(saved) {
      const { kind } = kindOf.load(saved);
      return { kind, ...byKind[kind].load(saved) } as Value;
    },
  };
}

/** The state of a part that saves and loads itself; `codec` only checks the state. */
export function checkedState(codec: StateCodec<unknown>): RecordCodec<State> {
  return {
    save: (state) => state,
    load(saved) {
      const state = fieldsOf(saved);
      codec.load(state);
      return state;
    },
  };
}

/** A set of named states. The fields of the states are not checked. */
export const namedStates: RecordCodec<Record<string, State>> = {
  save: (states) => states,
  load(saved) {
    const states: Record<string, State> = {};
    for (const [name, state] of Object.entries(fieldsOf(saved))) {
      try {
        states[name] = fieldsOf(state);
      } catch (error) {
        throw inside(name, error);
      }
    }
    return states;
  },
};

function listItems(saved: StateValue | undefined, length: number | undefined): StateValue[] {
  if (!Array.isArray(saved)) return damaged(saved, 'list');
  return length === undefined || saved.length === length ? saved : damaged(saved, 'length');
}

function fieldsOf(saved: StateValue | undefined): State {
  const hasFields = typeof saved === 'object' && !Array.isArray(saved) && !(saved instanceof Uint8Array);
  return hasFields ? saved : damaged(saved, 'record');
}

/** The error to throw for a record or list if one of its parts could not be loaded. */
function inside(part: string | number, error: unknown): unknown {
  return error instanceof StateError ? error.inside(part) : error;
}

function damaged(saved: StateValue | undefined, damage: FieldDamage): never {
  throw new StateError(saved === undefined ? 'missing' : damage);
}
