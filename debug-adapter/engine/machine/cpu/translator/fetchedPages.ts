import { FETCH_TLB, FETCH_TLB_ENTRIES } from '../layout.ts';

/**
 * The decode entries of the page at a virtual address, where the guest's own fetches have brought it into the fetch TLB:
 * looking for more would walk page tables, and that leaves marks in them.
 */
export function fetchedPage(view: DataView, fetchContext: number, va: bigint): number | undefined {
  const index = Number(BigInt.asUintN(32, va) >> 12n) & (FETCH_TLB_ENTRIES - 1);
  const at = FETCH_TLB + fetchContext + index * 16;
  return view.getBigInt64(at, true) === (va & ~0xfffn) ? view.getUint32(at + 8, true) : undefined;
}
