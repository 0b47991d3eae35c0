import type { BreakpointId, Session } from '../engine/index.ts';

/** A client breakpoint. It may have several addresses, each of which is a separate breakpoint in the session. */
export interface ClientBreakpoint {
  /** The breakpoint's ID in the protocol. */
  id: number;
  kind: 'breakpoint' | 'function breakpoint' | 'instruction breakpoint' | 'data breakpoint';
  /** The watched value of a data breakpoint. */
  data?: WatchedData;
}

export interface WatchedData {
  address: bigint;
  lengthBytes: number;
  /** The expression that the breakpoint was created from. */
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

  constructor(session: Session) {
    this.session = session;
  }

  /** Removes the breakpoints in a list before a new list replaces it. */
  clear(list: string): void {
    for (const id of this.lists.get(list) ?? []) {
      this.session.stopPoints.remove(id);
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
}
