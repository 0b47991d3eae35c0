import type { Inspector } from '../../target/inspector.ts';
import type { Watchpoint } from '../../target/stopPoints.ts';
import { ramAddress } from '../ramAddress.ts';
import type { BreakpointId } from '../stopReason.ts';
import type { StopPoint } from './stopPoint.ts';

/** A stop point after its addresses have been translated. */
export interface ResolvedPoint {
  id: BreakpointId;
  point: StopPoint;
  /** The watched bytes of RAM of an access point. */
  watchpoint?: Watchpoint;
}

/** Throws a UserError if the point watches bytes that are not in RAM. */
export function resolve(point: StopPoint, id: BreakpointId, inspector: Inspector): ResolvedPoint {
  const { what } = point;
  if (what.kind !== 'access') return { id, point };
  const { lengthBytes, access } = what;
  const address = ramAddress(inspector, what.address, lengthBytes);
  return { id, point, watchpoint: { id, address, lengthBytes, access } };
}
