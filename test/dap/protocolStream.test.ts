/** While a client does not read its messages, urgent requests are handled; all others wait in bounded memory. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProtocolStream, UNSENT_BYTES_MAX, WAITING_BYTES_MAX } from '../../debug-adapter/dap/protocolStream.ts';

/** A stream to a client that does not read. The test simulates reading by reducing `unsentBytes`. */
function slowClient() {
  const log: string[] = [];
  const client = {
    unsentBytes: 0,
    send: (bytes: Uint8Array) => (client.unsentBytes += bytes.length),
    pause: () => log.push('pause'),
    resume: () => log.push('resume'),
  };
  const state = { isBusy: false };
  const stream = new ProtocolStream(client, {
    request: ({ command }) => log.push(command),
    isUrgent: ({ command }) => command === 'disconnect',
    isBusy: () => state.isBusy,
    onMalformed: (text) => log.push(`malformed: ${text}`),
    onFatal: (why) => log.push(`fatal: ${why}`),
    drained: () => log.push('drained'),
  });
  const request = (command: string, padding = '') => {
    const json = JSON.stringify({ type: 'request', seq: 1, command, padding });
    stream.received(new TextEncoder().encode(`Content-Length: ${json.length}\r\n\r\n${json}`));
  };
  const sendEvent = (lengthBytes: number) => {
    stream.send('event', { seq: 0, type: 'event', ...{ body: 'x'.repeat(lengthBytes) } });
  };
  /** Returns the log entries since the last call, except `resume`. */
  const happened = () => log.splice(0).filter((one) => one !== 'resume');
  return { client, stream, state, request, sendEvent, happened, log };
}

test('requests wait while the client is behind, and are handled in order when it has caught up', () => {
  const { client, stream, request, sendEvent, happened } = slowClient();
  request('threads');
  assert.deepEqual(happened(), ['threads']);
  sendEvent(UNSENT_BYTES_MAX);
  assert.equal(stream.isBehind, true);
  request('scopes');
  request('variables');
  request('disconnect');
  assert.deepEqual(happened(), ['disconnect']);
  client.unsentBytes = 0;
  stream.drained();
  assert.deepEqual(happened(), ['drained', 'scopes', 'variables']);
  stream.drained();
  assert.deepEqual(happened(), []);
});

test('no more requests are read while too many are waiting', () => {
  const { stream, state, request, happened, log } = slowClient();
  state.isBusy = true;
  request('evaluate', 'x'.repeat(WAITING_BYTES_MAX));
  assert.deepEqual(happened(), ['pause']);
  stream.handleWaiting();
  assert.deepEqual(log, []);
  state.isBusy = false;
  stream.handleWaiting();
  assert.deepEqual(log, ['evaluate', 'resume']);
});

test('once a write to a client has failed, the client never counts as behind', () => {
  const { client, stream, request, sendEvent, happened } = slowClient();
  sendEvent(2 * UNSENT_BYTES_MAX);
  const { unsentBytes } = client;
  stream.writeFailed();
  sendEvent(1);
  assert.equal(client.unsentBytes, unsentBytes);
  request('disconnect');
  assert.deepEqual([stream.isBehind, happened()], [false, ['disconnect']]);
});

test('a message that is not a JSON object is reported, and the next one is read', () => {
  const { stream, request, happened } = slowClient();
  stream.received(new TextEncoder().encode('Content-Length: 2\r\n\r\n[]Content-Length: 1\r\n\r\n{'));
  request('threads');
  const [first, second, third] = happened();
  assert.match(`${first}; ${second}`, /^malformed: it is not an object; malformed: .*JSON/);
  assert.equal(third, 'threads');
});
