import type { GdbServer } from './gdbServer.ts';
import { ASK_AGAIN, PacketReader, type WireEvent } from './packets.ts';

/** A connection to the gdb server's port or socket. */
export interface GdbConnection {
  send(bytes: Uint8Array): void;
  /** The number of sent bytes that the peer has not accepted yet. */
  readonly unsentBytes: number;
  /** Resolves when the peer has accepted all bytes or is gone. */
  drained(): Promise<void>;
  /** Closes the connection; bytes already sent may still arrive. */
  close(): void;
  /** Closes the connection immediately. */
  drop(): void;
}

/** Receives the events of a connection. */
export interface GdbConnectionUser {
  /** If it returns a promise, do not read more before the promise resolves. */
  received(bytes: Uint8Array): Promise<void> | undefined;
  disconnected(): void;
}

export interface AdmissionHost {
  /** Starts serving gdb; returns undefined if there is nothing to debug. */
  begin(connection: GdbConnection): GdbServer | undefined | Promise<GdbServer | undefined>;
  /** Called when the first non-gdb connection is dropped. Only the first is reported: a web page may make many. */
  onFirstForeign(): void;
}

/** The maximum number of connections that have not sent a packet; one more drops the oldest. */
const SILENT_MAX = 16;

/**
 * Decides which connection belongs to gdb. A connection counts as gdb only after a complete first packet with a valid
 * checksum; until then it occupies no slot, stops no machine and ends no recording. A connection that sends bytes that
 * gdb never sends is dropped, and nothing that arrives with or after them has an effect. One gdb is served at a time;
 * other connections are refused meanwhile.
 */
export class Admission {
  private host: AdmissionHost;
  private gdb: Visitor | undefined;
  /** Connections that have not sent a valid packet yet. */
  private silent = new Set<Visitor>();
  private wasForeign = false;
  private previousEnd: Promise<void> = Promise.resolve();

  constructor(host: AdmissionHost) {
    this.host = host;
  }

  connected(connection: GdbConnection): GdbConnectionUser {
    const visitor: Visitor = new Visitor(connection, {
      begin: () => this.begin(connection, visitor),
      admit: (who) => this.admit(who),
      foreign: () => this.foreign(),
      gone: (who) => this.gone(who),
    });
    if (this.gdb) {
      visitor.leave();
      return visitor;
    }
    this.silent.add(visitor);
    const [oldest] = this.silent;
    if (this.silent.size > SILENT_MAX) oldest.leave();
    return visitor;
  }

  /** Returns true for the first connection and drops the others. */
  private admit(visitor: Visitor): boolean {
    if (this.gdb) return false;
    this.gdb = visitor;
    this.silent.delete(visitor);
    for (const other of [...this.silent]) other.leave();
    return true;
  }

  /** Waits for the previous gdb's run, which may end after its connection does. */
  private async begin(connection: GdbConnection, visitor: Visitor): Promise<GdbServer | undefined> {
    const { previousEnd } = this;
    this.previousEnd = visitor.whenOver;
    await previousEnd;
    return this.host.begin(connection);
  }

  private foreign(): void {
    if (!this.wasForeign) this.host.onFirstForeign();
    this.wasForeign = true;
  }

  private gone(visitor: Visitor): void {
    this.silent.delete(visitor);
    if (this.gdb === visitor) this.gdb = undefined;
  }
}

interface Door {
  begin(): Promise<GdbServer | undefined>;
  admit(visitor: Visitor): boolean;
  foreign(): void;
  /** The connection is over and another one may be admitted. */
  gone(visitor: Visitor): void;
}

/** One connection: first unidentified, then possibly gdb, finally gone. */
class Visitor implements GdbConnectionUser {
  private connection: GdbConnection;
  private door: Door;
  private reader = new PacketReader();
  private server: GdbServer | undefined;
  private state: 'unknown' | 'gdb' | 'gone' = 'unknown';
  /** For a gdb connection: resolves when its run has ended. */
  readonly whenOver: Promise<void>;
  private isOver!: () => void;

  constructor(connection: GdbConnection, door: Door) {
    this.connection = connection;
    this.door = door;
    this.whenOver = new Promise((resolve) => (this.isOver = resolve));
  }

  received(bytes: Uint8Array): Promise<void> | undefined {
    if (this.isGone) return undefined;
    const events = this.reader.read(bytes);
    if (events.at(-1)?.kind === 'foreign') return this.refuse();
    return this.state === 'gdb' ? this.server?.take(events) : this.firstWords(events);
  }

  disconnected(): void {
    this.end((server) => server.disconnected());
  }

  /** Drops the connection without a report, because nothing is wrong with it. */
  leave(): void {
    this.connection.drop();
    this.disconnected();
  }

  private refuse(): undefined {
    this.connection.drop();
    this.door.foreign();
    this.end((server) => server.disconnected('dropped'));
  }

  private end(tell: (server: GdbServer) => void): void {
    this.state = 'gone';
    if (this.server) tell(this.server);
    this.door.gone(this);
  }

  /** Ignores everything before the first packet, except that a damaged packet is requested again. */
  private firstWords(events: readonly WireEvent[]): Promise<void> | undefined {
    const first = events.findIndex(({ kind }) => kind === 'packet');
    const before = first < 0 ? events : events.slice(0, first);
    for (const { kind } of before) if (kind === 'damaged') this.connection.send(ASK_AGAIN);
    return first < 0 ? this.connection.drained() : this.enter(events.slice(first));
  }

  private async enter(events: readonly WireEvent[]): Promise<void> {
    if (!this.door.admit(this)) return this.leave();
    this.state = 'gdb';
    const server = await this.door.begin();
    if (!server) {
      this.isOver();
      return this.leave();
    }
    this.server = server;
    void server.over.catch(() => {}).then(() => this.over());
    if (this.isGone) return server.disconnected();
    return server.take(events);
  }

  /** A getter, because the state changes during an await. */
  private get isGone(): boolean {
    return this.state === 'gone';
  }

  private over(): void {
    if (!this.isGone) this.connection.close();
    this.state = 'gone';
    this.door.gone(this);
    this.isOver();
  }
}
