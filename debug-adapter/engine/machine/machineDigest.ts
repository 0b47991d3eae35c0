import { encodeCbor } from '../base/cbor.ts';
import type { State } from '../base/state.ts';
import { xxh64 } from '../base/xxhash64.ts';
import { hartName, type Machine } from './machine.ts';

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
  const { devices, drives, ...rest } = machine.saveState();
  const names = Array.from({ length: machine.harts.count }, (_, i) => hartName(i));
  const harts = names.map((name) => ({ name, value: digestState(rest[name] as State) }));
  for (const name of names) delete rest[name];
  return [
    { name: RAM_PART, value: machine.ram.digest() },
    { name: 'clock', value: digestState(rest) },
    ...harts,
    ...Object.entries(devices as State).map(([name, state]) => ({ name, value: digestState(state as State) })),
    ...machine.drives.map((drive) => ({
      name: `drive ${drive.id}`,
      value: drive.digest() ^ digestState((drives as State)[drive.id] as State),
    })),
  ];
}

/** Combines the digests of all parts into a single number. */
export function combinedDigest(parts: readonly DigestPart[]): bigint {
  return xxh64(encodeCbor(parts.map(({ name, value }) => [name, value])));
}

const digestState = (state: State): bigint => xxh64(encodeCbor(state));
