import { FETCH_TLB, FETCH_TLB_ENTRIES } from '../layout.ts';

/**
 * The address of the decode entries for the page at a virtual address; undefined unless the guest's own fetches have
 * added the page to the fetch TLB. A page walk is not an option, because it would set accessed bits.
 */
export function fetchedPage(view: DataView, fetchContext: number, va: bigint): number | undefined {
  const index = Number(BigInt.asUintN(32, va) >> 12n) & (FETCH_TLB_ENTRIES - 1);
  const at = FETCH_TLB + fetchContext + index * 16;
  return view.getBigInt64(at, true) === (va & ~0xfffn) ? view.getUint32(at + 8, true) : undefined;
}
