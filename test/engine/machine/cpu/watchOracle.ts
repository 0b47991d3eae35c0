import type { Watchpoint, WatchHit } from '../../../../debug-adapter/engine/target/stopPoints.ts';
import type { BareMachine } from './bareMachine.ts';
import { DATA, DATA_PAGES } from './randomAtomics.ts';
import { LEAVES, WINDOW } from './paging.ts';

interface Access {
  address: number;
  lengthBytes: number;
  reads: boolean;
  writes: boolean;
}

/**
 * Executes one step and returns the watchpoints that it hits. The hits are derived from the instruction and from the
 * watched bytes before and after the step. No stop points may be set on the machine. Only uncompressed loads, stores,
 * atomics and cbo.zero are recognized, and only the addresses in the programs of randomAtomics.ts are translated.
 */
export function hitsOfNextStep(machine: BareMachine, watchpoints: readonly Watchpoint[]): WatchHit[] {
  const { position, currentHart } = machine;
  const before = watchpoints.map((watchpoint) => bytesOf(machine, watchpoint));
  const entriesBefore = watchpoints.map((watchpoint) => bytesOf(machine, entriesAround(watchpoint)));
  const access = accessOf(machine);
  const retired = machine.instructionsOf(currentHart);
  machine.run(position + 1);
  const isDone = machine.instructionsOf(currentHart) > retired;
  const { reads, writes, parts } =
    access && isDone ? { ...access, parts: physical(access) } : { reads: false, writes: false, parts: [] };
  return watchpoints.flatMap((watchpoint, i): WatchHit[] => {
    const { id, access: kind } = watchpoint;
    const newBytes = bytesOf(machine, watchpoint);
    const hasChanged = newBytes.some((byte, at) => byte !== before[i][at]);
    const isInside = parts.some((part) => overlaps(part, watchpoint));
    // A page walk that sets A or D writes a whole entry.
    const isEntry = watchpoint.address >= LEAVES && watchpoint.address < LEAVES + 4096;
    const entries = bytesOf(machine, entriesAround(watchpoint));
    const isWalked = isEntry && entries.some((byte, at) => byte !== entriesBefore[i][at]);
    const isWritten = (writes && isInside) || hasChanged || isWalked;
    const isRead = reads && isInside;
    const isHit = { read: isRead, write: isWritten, readWrite: isRead || isWritten, change: hasChanged }[kind];
    const shown = kind !== 'read' && isWritten ? 'write' : 'read';
    return isHit ? [{ kind: 'access', id, access: shown, oldBytes: before[i], newBytes, position }] : [];
  });
}

function bytesOf(
  machine: BareMachine,
  { address, lengthBytes }: Pick<Watchpoint, 'address' | 'lengthBytes'>,
): Uint8Array {
  return machine.ram.bytesAt(address, lengthBytes).slice();
}

/** The 8-byte words that contain the watched bytes. */
const entriesAround = ({ address, lengthBytes }: Watchpoint): Pick<Watchpoint, 'address' | 'lengthBytes'> => {
  const start = Math.floor(address / 8) * 8;
  return { address: start, lengthBytes: Math.ceil((address + lengthBytes) / 8) * 8 - start };
};

const overlaps = (part: { address: number; lengthBytes: number }, watchpoint: Watchpoint): boolean =>
  part.address < watchpoint.address + watchpoint.lengthBytes && watchpoint.address < part.address + part.lengthBytes;

/** The memory access that the next instruction makes, with its virtual address. */
function accessOf({ hart, ram }: BareMachine): Access | undefined {
  const pc = Number(hart.slot('PC'));
  if (!ram.contains(pc, 4)) return undefined;
  const word = ram.readU32(pc);
  const base = hart.register((word >>> 15) & 31);
  const funct3 = (word >>> 12) & 7;
  const at = (offset: number): number => Number(BigInt.asUintN(64, base + BigInt(offset)));
  switch (word & 0x7f) {
    case 0x03:
      return { address: at(word >> 20), lengthBytes: 1 << (funct3 & 3), reads: true, writes: false };
    case 0x23: {
      const offset = ((word >> 25) << 5) | ((word >>> 7) & 31);
      return { address: at(offset), lengthBytes: 1 << funct3, reads: false, writes: true };
    }
    case 0x2f: {
      const isReserved = hart.slot('RESERVED') !== 0n;
      const lengthBytes = 1 << funct3;
      const form = word >>> 27;
      const succeeds = isReserved && reservedWord({ hart, ram }, lengthBytes);
      if (form === 2) return { address: at(0), lengthBytes, reads: true, writes: false };
      if (form === 3)
        return { address: at(0), lengthBytes, reads: isReserved, writes: succeeds && isSame(hart, at(0)) };
      return { address: at(0), lengthBytes, reads: true, writes: true };
    }
    case 0x0f:
      if (funct3 !== 2 || word >>> 20 !== 4) return undefined;
      return { address: Math.floor(at(0) / 64) * 64, lengthBytes: 64, reads: false, writes: true };
    default:
      return undefined;
  }
}

type Parts = Pick<BareMachine, 'hart' | 'ram'>;

/** Whether the memory at the reserved address still has the reserved value. */
function reservedWord({ hart, ram }: Parts, lengthBytes: number): boolean {
  const bytes = ram.bytesAt(Number(hart.slot('RESERVED_ADDRESS')), lengthBytes);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const value = lengthBytes === 8 ? view.getBigInt64(0, true) : BigInt(view.getInt32(0, true));
  return BigInt.asIntN(64, hart.slot('RESERVED_VALUE')) === value;
}

const isSame = (hart: Parts['hart'], address: number): boolean =>
  physicalAddress(address) === Number(hart.slot('RESERVED_ADDRESS'));

/** The window maps the data pages in order; other addresses are not translated. */
function physicalAddress(address: number): number {
  const isInWindow = address >= WINDOW && address < WINDOW + DATA_PAGES * 4096;
  return isInWindow ? address - WINDOW + DATA : address;
}

/** The physical ranges of an access, one for each of its pages. */
function physical({ address, lengthBytes }: Access): { address: number; lengthBytes: number }[] {
  const inFirst = Math.min(lengthBytes, 4096 - (address % 4096));
  const first = { address: physicalAddress(address), lengthBytes: inFirst };
  if (inFirst === lengthBytes) return [first];
  return [first, { address: physicalAddress(address + inFirst), lengthBytes: lengthBytes - inFirst }];
}
