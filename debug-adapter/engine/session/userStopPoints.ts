import { NO_STOP_POINTS, type StopPoints, type Watchpoint } from '../target/stopPoints.ts';
import type { Inspector } from '../target/inspector.ts';
import { ramAddress } from './ramAddress.ts';
import type { BreakpointId } from './stopReason.ts';

interface Breakpoint {
  address: bigint;
  matches: () => boolean;
}

/** A range of virtual addresses to watch. */
export interface DataBreakpoint {
  id: BreakpointId;
  address: bigint;
  lengthBytes: number;
  access: Watchpoint['access'];
}

/** The breakpoints and data breakpoints that the user has set in a session, and the stop points to arm for them. */
export class UserStopPoints {
  private inspector: Inspector;
  private breakpoints = new Map<BreakpointId, Breakpoint>();
  private watchpoints = new Map<BreakpointId, Watchpoint>();
  private nextId: BreakpointId = 1;
  private cachedAll: StopPoints | undefined;
  private cachedForSteps: StopPoints | undefined;

  constructor(inspector: Inspector) {
    this.inspector = inspector;
  }

  /** Whether there are any. */
  get areSet(): boolean {
    return this.breakpoints.size + this.watchpoints.size > 0;
  }

  /**
   * Adds a breakpoint on a virtual address. `matches` is its condition, which is evaluated whenever the machine reaches
   * the address, because several programs may have code at this address. The condition must not modify anything.
   */
  addBreakpoint(address: bigint, matches: () => boolean = always): BreakpointId {
    const id = this.nextId++;
    this.breakpoints.set(id, { address, matches });
    this.cachedAll = undefined;
    return id;
  }

  /**
   * Adds a data breakpoint on bytes of memory. The virtual address is translated only once, when the breakpoint is
   * added. The breakpoint then watches these bytes of RAM, whichever address is used to access them. Throws a UserError
   * if the bytes are not in RAM.
   */
  addDataBreakpoint(wanted: Omit<DataBreakpoint, 'id'>): BreakpointId {
    const address = ramAddress(this.inspector, wanted.address, wanted.lengthBytes);
    const id = this.nextId++;
    this.watchpoints.set(id, { id, address, lengthBytes: wanted.lengthBytes, access: wanted.access });
    this.cachedAll = undefined;
    return id;
  }

  remove(id: BreakpointId): void {
    this.breakpoints.delete(id);
    this.watchpoints.delete(id);
    this.cachedAll = undefined;
  }

  /** The breakpoints at the address, if their conditions hold. */
  at(pc: bigint): BreakpointId[] {
    return [...this.breakpoints].filter(([, { address, matches }]) => address === pc && matches()).map(([id]) => id);
  }

  /** All of them. Returns the same object until they change. */
  all(): StopPoints {
    return (this.cachedAll ??= {
      breakpoints: new Set([...this.breakpoints.values()].map(({ address }) => address)),
      watchpoints: [...this.watchpoints.values()],
      condition: (pc) => this.at(pc).length > 0,
    });
  }

  /**
   * The data breakpoints alone. Returns the same object for every step, because changing the stop points discards all
   * translated code.
   */
  forSteps(): StopPoints {
    const { watchpoints } = this.all();
    if (this.cachedForSteps?.watchpoints !== watchpoints) {
      this.cachedForSteps = { breakpoints: new Set(), watchpoints };
    }
    return this.cachedForSteps;
  }

  /** All of them and some more breakpoints. The function returns the same object until the user's stop points change. */
  with(addresses: readonly bigint[], condition: () => boolean): () => StopPoints {
    let users: StopPoints | undefined;
    let points = NO_STOP_POINTS;
    return () => {
      if (users === this.all()) return points;
      users = this.all();
      return (points = {
        breakpoints: new Set([...users.breakpoints, ...addresses]),
        watchpoints: users.watchpoints,
        condition: (pc) => this.at(pc).length > 0 || condition(),
      });
    };
  }
}

const always = (): boolean => true;
