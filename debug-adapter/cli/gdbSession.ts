import { Session, type Timeline } from '../engine/index.ts';
import { GdbServer, type Leaving } from '../gdb/index.ts';
import { type Connection, type ConnectionUser, listenOnLoopback } from '../host/loopbackServer.ts';
import { wallClock } from '../host/wallClock.ts';
import { consoleOutput, messages } from './outputs.ts';
import type { Interruption } from './interruption.ts';
import { WriteBack } from './writeBack.ts';

/**
 * `--gdb PORT`: the machine waits where it stands until a gdb comes, and is gdb's until that leaves. Resolves with how
 * it left; ctrl-c counts as a connection that broke off.
 */
export async function serveGdb(timeline: Timeline, port: number, interruption: Interruption): Promise<Leaving> {
  const server = await GdbListener.listen(timeline, port);
  messages.print(`gdb server on 127.0.0.1:${server.port}\n`);
  try {
    return await Promise.race([server.whenLeft, endWhen(interruption, server)]);
  } finally {
    server.close();
  }
}

/** A run under way is to end first: the machine stands still when this resolves. */
async function endWhen(interruption: Interruption, server: GdbListener): Promise<Leaving> {
  await interruption.whenRequested;
  return server.end();
}

class GdbListener {
  port = 0;
  /** When the first client has left. */
  readonly whenLeft: Promise<Leaving>;
  close: () => void = () => {};
  private timeline: Timeline;
  private gdb: GdbServer | undefined;
  private left!: (how: Promise<Leaving>) => void;

  private constructor(timeline: Timeline) {
    this.timeline = timeline;
    this.whenLeft = new Promise((resolve) => (this.left = resolve));
  }

  static async listen(timeline: Timeline, port: number): Promise<GdbListener> {
    const listener = new GdbListener(timeline);
    const server = await listenOnLoopback(port, (connection) => listener.connected(connection));
    listener.port = server.port;
    listener.close = () => server.close();
    return listener;
  }

  end(): Leaving | Promise<Leaving> {
    if (!this.gdb) return 'gone';
    this.gdb.disconnected();
    return this.gdb.over;
  }

  private connected(connection: Connection): ConnectionUser {
    const writeBack = new WriteBack(this.timeline);
    this.gdb = new GdbServer(new Session(this.timeline), {
      send: (bytes) => connection.send(bytes),
      milliseconds: () => wallClock.monotonicMilliseconds(),
      betweenSlices: async () => {
        consoleOutput.flush();
        writeBack.whenDue();
        await new Promise(setImmediate);
      },
    });
    this.left(this.gdb.over);
    return this.gdb;
  }
}
