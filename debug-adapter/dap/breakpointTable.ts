import type { DebugProtocol } from '@vscode/debugprotocol';
import type { BreakpointId, RegisterPoint, Session } from '../engine/index.ts';

/** The reason in a `stopped` event. DAP does not define `event breakpoint`, but allows additional reasons. */
export type BreakpointKind =
  | 'breakpoint'
  | 'function breakpoint'
  | 'instruction breakpoint'
  | 'data breakpoint'
  | 'exception'
  | 'event breakpoint';

/**
 * A breakpoint as the client sees it. It may have several addresses. The session has a separate breakpoint at each
 * address, and their hits are counted together.
 */
export interface ClientBreakpoint {
  /** The breakpoint's ID in the protocol. */
  id: number;
  kind: BreakpointKind;
  /** The watched value of a data breakpoint in memory. */
  data?: WatchedData;
  /** What the breakpoint watches, as shown to the user: a register, an event, or the kind of panic. */
  label?: string;
  /** The condition that the user wrote. */
  condition?: string;
  /** The breakpoint as it was last sent to the client. */
  shown: DebugProtocol.Breakpoint;
}

/** A watched register of one hart. */
export interface WatchedRegister {
  register: RegisterPoint['what'];
  hart: number;
  /** The register's name. */
  label: string;
}

export interface WatchedData {
  address: bigint;
  lengthBytes: number;
  /** The expression for which the breakpoint was created. */
  label: string;
  /** The C type of the value. */
  type: string;
}

/**
 * The client's breakpoints. A DAP request always sets a complete list: there is one list for each source file, one for
 * functions, one for instructions and one for data breakpoints.
 */
export class BreakpointTable {
  private session: Session;
  private lists = new Map<string, BreakpointId[]>();
  private byId = new Map<BreakpointId, ClientBreakpoint>();
  /**
   * For each breakpoint, the number of hits that was last sent to the client. The keys are the breakpoints' IDs in the
   * protocol.
   */
  private counts = new Map<number, number>();

  constructor(session: Session) {
    this.session = session;
  }

  /** Removes all breakpoints of a list before the client's new list replaces it. */
  clear(list: string): void {
    for (const id of this.lists.get(list) ?? []) {
      this.session.stopPoints.remove(id);
      this.counts.delete(this.byId.get(id)!.id);
      this.byId.delete(id);
    }
    this.lists.set(list, []);
  }

  add(list: string, id: BreakpointId, breakpoint: ClientBreakpoint): void {
    this.lists.get(list)!.push(id);
    this.byId.set(id, breakpoint);
  }

  get(id: BreakpointId): ClientBreakpoint | undefined {
    return this.byId.get(id);
  }

  /**
   * The breakpoints whose number of hits has changed since the last call, with the new number. Only breakpoints with a
   * hit condition are counted.
   */
  takeChangedCounts(): { shown: DebugProtocol.Breakpoint; hits: number }[] {
    const changed: { shown: DebugProtocol.Breakpoint; hits: number }[] = [];
    for (const [point, { id, shown }] of this.byId) {
      const hits = this.session.stopPoints.hitCount(point);
      if (hits === undefined || hits === this.counts.get(id)) continue;
      this.counts.set(id, hits);
      changed.push({ shown, hits });
    }
    return changed;
  }
}
