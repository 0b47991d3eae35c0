import { complete, type Sliced } from '../base/sliced.ts';
import type { CodeGroup } from '../symbols/index.ts';
import type { GuestMemory } from './loadedCode.ts';
import type { LoadedSymbols } from './loadedSymbols.ts';
import type { Session } from './session.ts';
import type { StopPoint } from './stopPoints/stopPoint.ts';
import type { BreakpointId } from './stopReason.ts';

/**
 * The address of a breakpoint, and the group of files that describe the program there. The group is needed because
 * several programs may have code at the same address. A breakpoint that is set only by address has no group.
 */
export interface BreakpointAddress {
  address: bigint;
  group?: CodeGroup;
  /** See StopPoint. */
  inlineDepth?: number;
}

/** Why the machine is not expected to stop at a breakpoint. */
export type BreakpointProblem =
  | { kind: 'noCodeAtLine'; line: number }
  | { kind: 'noFunction'; name: string }
  /** The file describes another build of the booted code, and the builds differ in this function. */
  | { kind: 'notBooted'; file: string }
  /** Instructions have even addresses. */
  | { kind: 'oddAddress'; address: bigint }
  /** No file has code at the address, and no memory is mapped there. A program may still be loaded there later. */
  | { kind: 'notMapped'; address: bigint };

/** The addresses to which a source line, a function name or an address resolves. */
export interface ResolvedBreakpoint {
  addresses: BreakpointAddress[];
  problem?: BreakpointProblem;
  /** The line of the first address: the requested line, or the next line with code. */
  line?: number;
}

/** Resolves a source line in every program that contains it. */
export function resolveLine({ groups }: LoadedSymbols, path: string, line: number): ResolvedBreakpoint {
  const found = groups.flatMap((group) => {
    const location = group.addressesOfLine(path, line);
    if (!location) return [];
    const depthAt = (address: bigint) => group.fileAt(address).inlinedAt(address).length;
    return [{ line: location.line, addresses: inGroup(group, location.addresses, depthAt) }];
  });
  const resolved = reachable(
    found.flatMap(({ addresses }) => addresses),
    { kind: 'noCodeAtLine', line },
  );
  const first = found.find(({ addresses }) => addresses.some((at) => at === resolved.addresses[0]));
  return { ...resolved, line: first?.line };
}

/**
 * Resolves the name of a function or code label in every program that contains it. As in gdb, `*0x80000000` is an
 * address.
 */
export function resolveFunction(symbols: LoadedSymbols, name: string): ResolvedBreakpoint {
  return complete(resolveFunctionInSlices(symbols, name));
}

/**
 * Like `resolveFunction`, but pauses during the search, because a function may be inlined in a thousand units. A later
 * call for the same name returns immediately.
 */
export function* resolveFunctionInSlices(symbols: LoadedSymbols, name: string): Sliced<ResolvedBreakpoint> {
  const address = /^\s*\*\s*(0x[0-9a-f]+|\d+)\s*$/i.exec(name)?.[1];
  if (address !== undefined) return resolveAddress(symbols, symbols.memory, BigInt.asUintN(64, BigInt(address)));
  const found: AddressInGroup[] = [];
  for (const group of symbols.groups) {
    for (const location of yield* group.locationsOfFunction(name)) found.push({ ...location, group });
  }
  return reachable(found, { kind: 'noFunction', name });
}

/** Resolves an address. An address that is not mapped is accepted, but the result includes a problem. */
export function resolveAddress({ groups }: LoadedSymbols, memory: GuestMemory, address: bigint): ResolvedBreakpoint {
  if ((address & 1n) === 1n) return { addresses: [], problem: { kind: 'oddAddress', address } };
  const isKnown = groups.some((group) => group.codeAround(address, 1));
  const isThere = isKnown || memory.readMemory(address, 1).length > 0;
  return { addresses: [{ address }], ...(!isThere && { problem: { kind: 'notMapped', address } }) };
}

/**
 * Adds a breakpoint to the session, with its condition and other details. If several programs may have code at the
 * address, the machine stops only in the program for which the breakpoint was resolved.
 */
export function addResolvedBreakpoint(
  session: Session,
  symbols: LoadedSymbols,
  { address, group, ...details }: BreakpointAddress & Omit<StopPoint, 'what' | 'exists'>,
): BreakpointId {
  const { stopPoints } = session;
  const point: StopPoint = { ...details, what: { kind: 'execute', address } };
  const { groups } = symbols;
  const isAlone = groups.every((other) => other === group || !other.codeAround(address, 1));
  if (!group || (group.isBooted && isAlone) || groups.length === 1) return stopPoints.add(point);
  return stopPoints.add({ ...point, exists: () => symbols.isLoadedNow(group, address) });
}

type AddressInGroup = BreakpointAddress & { group: CodeGroup };

const inGroup = (
  group: CodeGroup,
  addresses: readonly bigint[],
  inlineDepthAt: (address: bigint) => number,
): AddressInGroup[] => addresses.map((address) => ({ address, group, inlineDepth: inlineDepthAt(address) }));

/** The addresses that the machine can reach, or the reason why it cannot reach any. */
function reachable(found: readonly AddressInGroup[], problemIfNone: BreakpointProblem): ResolvedBreakpoint {
  const addresses = found.filter(({ address, group }) => group.canRun(address));
  if (addresses.length > 0) return { addresses };
  return { addresses, problem: found[0] ? { kind: 'notBooted', file: found[0].group.name } : problemIfNone };
}
