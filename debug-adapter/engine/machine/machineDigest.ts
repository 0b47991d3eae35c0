import { encodeCbor } from '../base/cbor.ts';
import type { StateValue } from '../base/state.ts';
import { namedStates, record } from '../base/stateCodec.ts';
import { xxh64 } from '../base/xxhash64.ts';
// Cycle: a machine computes its digests, and a digest covers all parts of the machine.
import type { Machine } from './machine.ts';
import { hartName, RECENT_OUTPUT } from './machineState.ts';

/** The digest of one part of the machine, such as a hart, a device or a drive. */
export interface DigestPart {
  name: string;
  value: bigint;
}

/** The name of the part that covers all of RAM. */
export const RAM_PART = 'RAM';

/**
 * The machine's state digests: a 64-bit number for each part, so that a mismatch shows which part differs. They cover
 * every byte of RAM, every field of harts and devices, and every byte that the guest can see on a drive.
 */
export function machineDigest(machine: Machine): DigestPart[] {
  const state = machine.saveState();
  const { devices, drives } = PARTS.load(state);
  const names = Array.from({ length: machine.harts.count }, (_, i) => hartName(i));
  const harts = names.map((name) => ({ name, value: digestState(state[name]) }));
  const rest = { ...state };
  for (const name of ['devices', 'drives', RECENT_OUTPUT, ...names]) delete rest[name];
  return [
    { name: RAM_PART, value: machine.ram.digest() },
    { name: 'clock', value: digestState(rest) },
    ...harts,
    ...Object.entries(devices).map(([name, state]) => ({ name, value: digestState(state) })),
    ...machine.drives.map((drive) => ({
      name: `drive ${drive.id}`,
      value: drive.digest() ^ digestState(drives[drive.id]),
    })),
  ];
}

/** Combines the digests of all parts into a single number. */
export function combinedDigest(parts: readonly DigestPart[]): bigint {
  return xxh64(encodeCbor(parts.map(({ name, value }) => [name, value])));
}

/** The parts of a machine's state that have their own digests. */
const PARTS = record({ devices: namedStates, drives: namedStates });

const digestState = (state: StateValue): bigint => xxh64(encodeCbor(state));
