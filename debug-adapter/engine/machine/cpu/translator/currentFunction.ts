import { lastCallTarget } from '../callTargets.ts';
import type { DecodeCache } from '../decodeCache.ts';
import { RAM, REGISTERS } from '../layout.ts';
import { OP } from '../operations.ts';
import { fetchedPage } from './fetchTlbLookup.ts';

/** A decode entry and the virtual address of its instruction. */
export interface CallSite {
  va: bigint;
  entry: number;
}

/**
 * Finds the function that is being executed. Assumes that x1 still holds the function's return address, which is true
 * if the function has not made a call since it was entered. Returns undefined if the call that led to the function is
 * not known.
 */
export function currentFunction(
  view: DataView,
  { decodeCache, fetchContext }: { decodeCache: DecodeCache; fetchContext: number },
): CallSite | undefined {
  const entryAt = (va: bigint): number | undefined => {
    const page = fetchedPage(view, fetchContext, va);
    return page === undefined ? undefined : page + Number(va & 0xffen) * 8;
  };
  const returnsTo = view.getBigInt64(REGISTERS + 8, true);
  const callee = lastCallTarget(view, returnsTo)?.callee ?? directCallee(view, returnsTo, { decodeCache, entryAt });
  const entry = callee === undefined ? undefined : entryAt(callee);
  return entry === undefined ? undefined : { va: callee!, entry };
}

/** The target of the JAL instruction that precedes a return address; undefined if there is no such JAL. */
function directCallee(
  view: DataView,
  returnsTo: bigint,
  { decodeCache, entryAt }: { decodeCache: DecodeCache; entryAt: (va: bigint) => number | undefined },
): bigint | undefined {
  const va = returnsTo - 4n;
  const entry = entryAt(va);
  // An instruction whose second half is on the next page is not decoded.
  if (entry === undefined || (va & 0xfffn) > 0xffcn) return undefined;
  const { ramPage } = decodeCache.pageOf(entry);
  const { operation, rd, immediate } = decodeCache.decode(
    view.getUint32(RAM + ramPage * 4096 + Number(va & 0xfffn), true),
  );
  return operation === OP.JAL_NEAR && rd === 1 ? BigInt.asIntN(64, va + BigInt(immediate)) : undefined;
}
