/** If gdb does not read its replies, the server stops reading from gdb, and memory use stays bounded.
 *
 * The limits themselves are tested in protocol.test.ts.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { test } from 'node:test';
import { encodePacket, PacketReader } from '../../debug-adapter/gdb/packets.ts';
import { Sandbox } from '../support/cli.ts';
import { guest } from '../support/guests.ts';
import { serve, sessionIn } from './gdbSupport.ts';

const timeout = 60_000;
const COUNT = 500;
/** A memory read. Its reply has two hexadecimal digits for each byte. */
const READ = encodePacket('m80000000,1f00');
const REPLY_BYTES = 2 * 0x1f00;

test('gdb is held back while it does not read, and then gets every reply in order', { timeout }, async (t) => {
  const sandbox = new Sandbox(t);
  const { port } = await serve(t, sandbox, ['run', '--kernel', guest('demo/demo')]);
  const socket = net.connect({ host: '127.0.0.1', port });
  await once(socket, 'connect');
  const held = socket.pause();
  const packets = Array.from({ length: COUNT }, () => READ);
  held.write(Buffer.concat(packets));
  await new Promise((resolve) => setTimeout(resolve, 1000));
  const reader = new PacketReader();
  const replies: string[] = [];
  held.on('data', (bytes) => {
    for (const event of reader.read(bytes)) if (event.kind === 'packet') replies.push(event.content);
  });
  held.resume();
  while (replies.length < COUNT) await once(held, 'data');
  held.write(encodePacket('D'));
  await once(held, 'close');
  assert.equal(replies.length, COUNT + 1);
  assert.equal(replies.at(-1), 'OK');
  assert.ok(replies.slice(0, -1).every((reply) => reply === replies[0] && reply.length === REPLY_BYTES));
});

test('ctrl-c ends the recording even if its client never reads', { timeout }, async (t) => {
  const sandbox = new Sandbox(t);
  const { running, port } = await serve(t, sandbox, ['record', ...sessionIn(sandbox, guest('demo/demo'))]);
  const socket = net.connect({ host: '127.0.0.1', port });
  await once(socket, 'connect');
  socket.on('error', () => {}).pause();
  socket.write(Buffer.concat(Array.from({ length: COUNT }, () => READ)));
  await new Promise((resolve) => setTimeout(resolve, 1000));
  running.kill('SIGINT');
  (await running.end).ended(130, 'interrupted');
});
