import type { GdbServer } from './gdbServer.ts';
import { REQUEST_RESEND, PacketReader, type WireEvent } from './packets.ts';

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
export interface GdbConnectionHandler {
  /** Handles received bytes. If it returns a promise, the caller must not read more data until the promise resolves. */
  received(bytes: Uint8Array): Promise<void> | undefined;
  disconnected(): void;
}

export interface AdmissionHost {
  /** Starts serving gdb; returns undefined if there is nothing to debug. */
  startServer(connection: GdbConnection): GdbServer | undefined | Promise<GdbServer | undefined>;
  /**
   * Called when the first non-gdb connection is dropped. Only the first such connection is reported, because a web page
   * may open many.
   */
  onFirstForeign(): void;
}

/**
 * The maximum number of connections that have not sent a valid packet yet. If one more is opened, the oldest is
 * dropped.
 */
const UNIDENTIFIED_MAX = 16;

/**
 * Decides which of the connections to the port or socket belongs to gdb. A connection is treated as gdb's only after a
 * complete first packet with a valid checksum; until then, it can neither block another gdb, nor stop the machine, nor
 * end a recording. A connection that sends bytes that gdb never sends is dropped. Packets that arrive with these bytes
 * or after them have no effect. Only one gdb is served at a time; while one is connected, other connections are
 * refused.
 */
export class Admission {
  private host: AdmissionHost;
  private gdb: CandidateConnection | undefined;
  /** Connections that have not sent a valid packet yet. */
  private unidentified = new Set<CandidateConnection>();
  private wasForeign = false;
  private previousEnd: Promise<void> = Promise.resolve();

  constructor(host: AdmissionHost) {
    this.host = host;
  }

  connected(connection: GdbConnection): GdbConnectionHandler {
    const visitor: CandidateConnection = new CandidateConnection(connection, {
      begin: () => this.begin(connection, visitor),
      admit: (visitor) => this.admit(visitor),
      foreign: () => this.foreign(),
      onGone: (visitor) => this.onGone(visitor),
    });
    if (this.gdb) {
      visitor.leave();
      return visitor;
    }
    this.unidentified.add(visitor);
    const [oldest] = this.unidentified;
    if (this.unidentified.size > UNIDENTIFIED_MAX) oldest.leave();
    return visitor;
  }

  /**
   * If no gdb is connected, accepts this connection as gdb and drops all other unidentified connections. Otherwise
   * returns false.
   */
  private admit(visitor: CandidateConnection): boolean {
    if (this.gdb) return false;
    this.gdb = visitor;
    this.unidentified.delete(visitor);
    for (const other of [...this.unidentified]) other.leave();
    return true;
  }

  /**
   * Starts a server, but first waits until the previous gdb's run has ended. That run may continue for a while after
   * its gdb has disconnected.
   */
  private async begin(connection: GdbConnection, visitor: CandidateConnection): Promise<GdbServer | undefined> {
    const { previousEnd } = this;
    this.previousEnd = visitor.whenOver;
    await previousEnd;
    return this.host.startServer(connection);
  }

  private foreign(): void {
    if (!this.wasForeign) this.host.onFirstForeign();
    this.wasForeign = true;
  }

  private onGone(visitor: CandidateConnection): void {
    this.unidentified.delete(visitor);
    if (this.gdb === visitor) this.gdb = undefined;
  }
}

interface AdmissionDesk {
  begin(): Promise<GdbServer | undefined>;
  admit(visitor: CandidateConnection): boolean;
  foreign(): void;
  /** Called when the connection has ended, so that another one can be admitted. */
  onGone(visitor: CandidateConnection): void;
}

/** A connection. It is unidentified at first and may later be identified as gdb's. */
class CandidateConnection implements GdbConnectionHandler {
  private connection: GdbConnection;
  private desk: AdmissionDesk;
  private reader = new PacketReader();
  private server: GdbServer | undefined;
  private state: 'unknown' | 'gdb' | 'gone' = 'unknown';
  /** Resolves when the run that this connection started has ended. Used only if the connection belongs to gdb. */
  readonly whenOver: Promise<void>;
  private resolveOver!: () => void;

  constructor(connection: GdbConnection, desk: AdmissionDesk) {
    this.connection = connection;
    this.desk = desk;
    this.whenOver = new Promise((resolve) => (this.resolveOver = resolve));
  }

  received(bytes: Uint8Array): Promise<void> | undefined {
    if (this.isGone) return undefined;
    const events = this.reader.read(bytes);
    if (events.at(-1)?.kind === 'foreign') return this.dropForeign();
    return this.state === 'gdb' ? this.server?.handleEvents(events) : this.identify(events);
  }

  disconnected(): void {
    this.end((server) => server.disconnected());
  }

  /** Drops the connection without reporting it as foreign, because its peer has done nothing wrong. */
  leave(): void {
    this.connection.drop();
    this.disconnected();
  }

  private dropForeign(): undefined {
    this.connection.drop();
    this.desk.foreign();
    this.end((server) => server.disconnected('dropped'));
  }

  private end(notify: (server: GdbServer) => void): void {
    this.state = 'gone';
    if (this.server) notify(this.server);
    this.desk.onGone(this);
  }

  /** Ignores everything before the first valid packet, but asks the peer to resend a damaged packet. */
  private identify(events: readonly WireEvent[]): Promise<void> | undefined {
    const first = events.findIndex(({ kind }) => kind === 'packet');
    const before = first < 0 ? events : events.slice(0, first);
    for (const { kind } of before) if (kind === 'damaged') this.connection.send(REQUEST_RESEND);
    return first < 0 ? this.connection.drained() : this.enter(events.slice(first));
  }

  private async enter(events: readonly WireEvent[]): Promise<void> {
    if (!this.desk.admit(this)) return this.leave();
    this.state = 'gdb';
    const server = await this.desk.begin();
    if (!server) {
      this.resolveOver();
      return this.leave();
    }
    this.server = server;
    void server.whenLeft.catch(() => {}).then(() => this.over());
    if (this.isGone) return server.disconnected();
    return server.handleEvents(events);
  }

  /** This is a getter because TypeScript would otherwise assume that the state stays the same across an await. */
  private get isGone(): boolean {
    return this.state === 'gone';
  }

  private over(): void {
    if (!this.isGone) this.connection.close();
    this.state = 'gone';
    this.desk.onGone(this);
    this.resolveOver();
  }
}
