import { once } from 'node:events';
import net from 'node:net';
import { encodePacket, PacketReader } from '../../debug-adapter/gdb/packets.ts';

/** A minimal gdb client: sends packets over TCP or a Unix socket and returns the replies in order. */
export class GdbClient {
  private socket: net.Socket;
  private reader = new PacketReader();
  private replies: string[] = [];

  private constructor(socket: net.Socket) {
    this.socket = socket;
    socket.on('error', () => {});
    socket.on('data', (bytes) => {
      for (const event of this.reader.read(bytes)) if (event.kind === 'packet') this.replies.push(event.content);
      socket.emit('heard');
    });
  }

  /** A TCP port, or the path of a Unix socket. */
  static async connect(address: number | string): Promise<GdbClient> {
    const socket = net.connect(typeof address === 'number' ? { host: '127.0.0.1', port: address } : { path: address });
    await once(socket, 'connect');
    return new GdbClient(socket);
  }

  async ask(content: string): Promise<string> {
    this.send(content);
    return this.reply();
  }

  send(content: string): void {
    this.socket.write(encodePacket(content));
  }

  async reply(): Promise<string> {
    while (this.replies.length === 0) await once(this.socket, 'heard');
    return this.replies.shift()!;
  }

  interrupt(): void {
    this.socket.write(Uint8Array.of(3));
  }

  async whenClosed(): Promise<void> {
    if (!this.socket.closed) await once(this.socket, 'close');
  }

  break(): void {
    this.socket.destroy();
  }
}
