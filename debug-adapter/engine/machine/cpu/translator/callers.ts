import { lastCall } from '../callTargets.ts';
import type { DecodeCache } from '../decodeCache.ts';
import { RAM, REGISTERS } from '../layout.ts';
import { OP } from '../operations.ts';
import { fetchedPage } from './fetchedPages.ts';

/** Which function runs, as far as the return address in x1 tells: right for one that has called nothing since. */
export interface Place {
  va: bigint;
  /** Its decode entry. */
  entry: number;
}

export function functionCalledLast(
  view: DataView,
  { decodeCache, fetchContext }: { decodeCache: DecodeCache; fetchContext: number },
): Place | undefined {
  const entryAt = (va: bigint): number | undefined => {
    const page = fetchedPage(view, fetchContext, va);
    return page === undefined ? undefined : page + Number(va & 0xffen) * 8;
  };
  const returnsTo = view.getBigInt64(REGISTERS + 8, true);
  const callee = lastCall(view, returnsTo)?.callee ?? directCallee(view, returnsTo, { decodeCache, entryAt });
  const entry = callee === undefined ? undefined : entryAt(callee);
  return entry === undefined ? undefined : { va: callee!, entry };
}

/** Of the JAL before an address, where there is one. */
function directCallee(
  view: DataView,
  returnsTo: bigint,
  { decodeCache, entryAt }: { decodeCache: DecodeCache; entryAt: (va: bigint) => number | undefined },
): bigint | undefined {
  const va = returnsTo - 4n;
  const entry = entryAt(va);
  // Its second half on another page: let it be.
  if (entry === undefined || (va & 0xfffn) > 0xffcn) return undefined;
  const { ramPage } = decodeCache.pageOf(entry);
  const { operation, rd, immediate } = decodeCache.decode(
    view.getUint32(RAM + ramPage * 4096 + Number(va & 0xfffn), true),
  );
  return operation === OP.JAL_NEAR && rd === 1 ? BigInt.asIntN(64, va + BigInt(immediate)) : undefined;
}
