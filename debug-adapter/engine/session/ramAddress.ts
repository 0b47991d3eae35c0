import { badAddress } from '../../messages/session.ts';
import type { GuestAddress } from '../base/quantities.ts';
import type { Inspector } from '../target/inspector.ts';

/** The physical address of bytes within a page. Throws a UserError if the bytes are not mapped or are not in RAM. */
export function ramAddress(inspector: Inspector, address: bigint, lengthBytes: number): GuestAddress {
  const physical = inspector.translate(address);
  const last = inspector.translate(address + BigInt(lengthBytes - 1));
  if (physical === undefined || last !== physical + lengthBytes - 1 || !inspector.isRam(physical, lengthBytes)) {
    throw badAddress({ address, lengthBytes });
  }
  return physical;
}
