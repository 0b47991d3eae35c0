/** The gdb server answers every packet correctly, and no packet ends the session.
 *
 * The machine runs the demo guest, which is being recorded.
 */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { complete } from '../../debug-adapter/engine/base/sliced.ts';
import { UNSENT_BYTES_MAX } from '../../debug-adapter/gdb/gdbServer.ts';
import { encodePacket, escapeBinary, PACKET_BYTES_MAX } from '../../debug-adapter/gdb/packets.ts';
import { DEMO, stageOf } from '../engine/timeline/travelSupport.ts';
import { SeededRandom } from '../support/seededRandom.ts';
import { Conversation } from './conversation.ts';
import { longTest, some } from '../support/extent.ts';

function conversation(t: TestContext): Conversation {
  return new Conversation(stageOf(DEMO, t).record(), t);
}

const RAM = '80000000';
/**
 * The number of slices after which a run is interrupted: enough for a few thousand single steps. A run until the
 * guest shuts down takes fewer slices.
 */
const SLICES_A_RUN = 100;

test('gdb can read the supported features and the target description', async (t) => {
  const gdb = conversation(t);
  const supported = await gdb.ask('qSupported:multiprocess+;swbreak+;hwbreak+');
  for (const word of ['PacketSize=4000', 'ReverseStep+', 'ReverseContinue+', 'QStartNoAckMode+', 'vContSupported+']) {
    assert.ok(supported.split(';').includes(word), word);
  }
  const xml = await gdb.ask('qXfer:features:read:target.xml:0,3fff');
  assert.match(xml, /<reg name="mstatus" bitsize="64" regnum="833" type="int" group="csr"\/>/);
  assert.match(xml, /org\.gnu\.gdb\.riscv\.virtual/);
  assert.equal(await gdb.ask('qXfer:features:read:target.xml:2,4'), `m${xml.slice(3, 7)}`);
  assert.equal(await gdb.ask('qXfer:features:read:other.xml:0,4'), 'E00');
  assert.equal(await gdb.ask('QStartNoAckMode'), 'OK');
  gdb.acknowledgements = '';
  assert.equal(await gdb.ask('qC'), 'QC01');
  assert.equal(gdb.acknowledgements, '', 'nothing is acknowledged from now on');
});

test('gdb can read registers, CSRs and memory', async (t) => {
  const gdb = conversation(t);
  assert.match(await gdb.ask('?'), /^T05thread:01;20:0000008000000000;/);
  assert.equal((await gdb.ask('g')).length, 33 * 16);
  assert.equal(await gdb.ask('p20'), '0000008000000000');
  assert.equal(await gdb.ask('p1041'), '0300000000000000', 'the privilege: M');
  assert.equal(await gdb.ask('p342'), await gdb.ask('p342'));
  assert.equal(await gdb.ask('pffff'), 'E16');
  assert.equal((await gdb.ask(`m${RAM},4`)).length, 8);
  assert.equal(await gdb.ask('m0,4'), 'E14', 'unmapped memory');
  assert.equal((await gdb.ask('m87fffffe,8')).length, 4, 'up to the end of RAM');
});

test('writes take effect at the live end, and history is read-only', async (t) => {
  const gdb = conversation(t);
  for (let i = 0; i < 3; i++) await gdb.ask('s');
  const { position } = gdb.session;
  assert.equal(await gdb.ask(`X${RAM},0:`), 'OK', 'gdb asks whether the packet is supported');
  assert.equal(gdb.session.position, position);
  assert.equal(await gdb.ask(`M80010ffe,4:01020304`), 'OK');
  assert.equal(await gdb.ask('m80010ffe,4'), '01020304');
  assert.equal(gdb.session.position, position + 2, 'two pages are two steps');
  assert.equal(await gdb.ask(`X80010ffe,2:${escapeBinary('#}')}`), 'OK');
  assert.equal(await gdb.ask('m80010ffe,4'), '237d0304');
  assert.equal(await gdb.ask('Pa=0500000000000080'), 'OK');
  assert.equal(await gdb.ask('pa'), '0500000000000080');
  const registers = await gdb.ask('g');
  const changed = `${registers.slice(0, 12 * 16)}0700000000000000${registers.slice(13 * 16)}`;
  assert.equal(await gdb.ask(`G${changed}`), 'OK');
  assert.equal(await gdb.ask('g'), changed);
  assert.equal(gdb.session.position, position + 5, 'only one register has changed');
  for (const nonsense of ['G00', 'P20=00', 'Pffff=0000000000000000', `M${RAM},2:00`, `X${RAM},2:x`, 'P1'])
    assert.equal(await gdb.ask(nonsense), 'E16', nonsense);
  assert.match(await gdb.ask('P342=0000000000000000'), /^E\.CSRs .* cannot be written/);
  assert.match(await gdb.ask('M0,1:00'), /^E\.1 byte at 0x0 cannot be accessed: no RAM is currently mapped/);
  assert.match(await gdb.ask('M87ffffff,2:0000'), /^E\./);
  assert.equal(await gdb.ask('m87ffffff,1'), '00');
  const end = gdb.session.position;
  await gdb.ask('bs');
  for (const write of [`G${changed.replace('07', '08')}`, 'Pa=0000000000000000', `M${RAM},1:00`, `X${RAM},1:x`])
    assert.match(await gdb.ask(write), /^E\.Recorded history cannot be changed/, write);
  complete(gdb.session.goTo(end));
  assert.equal(await gdb.ask('Pa=0000000000000000'), 'OK', 'at the live end again');
});

test('a request to run from a different address is rejected', async (t) => {
  const gdb = conversation(t);
  assert.match(await gdb.ask(`c${RAM}`), /^E\.The machine can only resume/);
});

test('steps, breakpoints and watchpoints work in both directions', async (t) => {
  const gdb = conversation(t);
  await gdb.ask('qSupported:swbreak+;hwbreak+');
  assert.match(await gdb.ask('bs'), /replaylog:begin;/);
  assert.match(await gdb.ask('vCont;s:1'), /^T05/);
  assert.equal(gdb.session.position, 1);
  assert.match(await gdb.ask('vCont;r80000000,80000008:1'), /^T05/);
  assert.equal(gdb.session.inspector.pc, 0x80000008n);
  await gdb.ask('s');
  const pc = gdb.session.inspector.pc.toString(16);
  for (let i = 0; i < 5; i++) await gdb.ask('s');
  assert.equal(await gdb.ask(`Z0,${pc},2`), 'OK');
  assert.equal(await gdb.ask(`Z0,${pc},2`), 'OK', 'setting it again has no effect');
  assert.match(await gdb.ask('bc'), /swbreak:;/);
  assert.equal(gdb.session.position, 3);
  assert.equal(await gdb.ask(`z0,${pc},2`), 'OK');
  assert.equal(await gdb.ask('Z2,80006000,c'), 'OK');
  assert.match(await gdb.ask('c'), /^T05thread:01;(watch:80006000|replaylog:end);/);
  assert.equal(await gdb.ask('z2,80006000,c'), 'OK');
  assert.match(
    await gdb.ask('Z2,10000000,1'),
    /^E\.1 byte at 0x10000000 cannot be accessed: no RAM is currently mapped/,
  );
});

longTest('when the guest ends, gdb stops at the end of history and stays connected', async (t) => {
  const gdb = conversation(t);
  assert.match(await gdb.ask('c'), /^T05.*replaylog:end;/);
  const end = gdb.session.position;
  assert.match(await gdb.ask('bs'), /^T05/);
  assert.ok(gdb.session.position < end);
  assert.match(await gdb.ask('vCont;c'), /replaylog:end;/);
  assert.equal(gdb.session.position, end);
});

for (const [way, packet] of some(
  [
    ['forwards', 'c'],
    ['backwards', 'bc'],
  ] as const,
  1,
)) {
  test(`an interrupt stops a run ${way}`, async (t) => {
    const gdb = conversation(t);
    if (packet === 'bc') await gdb.ask('c');
    // The clock now advances so far that each slice ends when the server first reads the clock.
    gdb.clockStepMs = 1000;
    gdb.betweenSlices = () => void gdb.send(Uint8Array.of(3));
    assert.match(await gdb.ask(packet), /^T02/);
    assert.ok(gdb.session.position > 0 || packet === 'c', 'still running');
    gdb.clockStepMs = 0;
    gdb.betweenSlices = () => {};
    assert.match(await gdb.ask('c'), /^T05.*replaylog:end;/, 'the run continues');
  });
}

test('monitor commands print and change the position, and list snapshots', async (t) => {
  const gdb = conversation(t);
  const monitor = async (line: string) =>
    Buffer.from(await gdb.ask(`qRcmd,${Buffer.from(line).toString('hex')}`), 'hex').toString();
  for (let i = 0; i < 3; i++) await gdb.ask('s');
  assert.equal(await monitor('position'), '3\n');
  assert.match(await monitor('goto 1'), /^1 /);
  assert.equal(gdb.session.position, 1);
  assert.match(await monitor('goto somewhere'), /^Usage: monitor goto POSITION/);
  assert.match(await monitor('snapshots'), /^0 replay_init\n$/);
  assert.match(await monitor('help'), /monitor position/);
  assert.match(await monitor('dance'), /Unknown monitor command "dance"/);
  assert.match(await gdb.ask(`qRcmd,${Buffer.from('goto 99999999').toString('hex')}`), /^E\.Position 99999999 is not/);
});

longTest('the server reports whether gdb detached, killed the session or lost its connection', async (t) => {
  const detaching = conversation(t);
  assert.equal(await detaching.ask('D'), 'OK');
  assert.equal(await detaching.server.whenLeft, 'detached');
  const killing = conversation(t);
  void killing.send(encodePacket('k'));
  assert.equal(await killing.server.whenLeft, 'killed');
  const breaking = conversation(t);
  breaking.betweenSlices = () => breaking.server.disconnected();
  void breaking.send(encodePacket('c'));
  assert.equal(await breaking.server.whenLeft, 'gone', 'even during a run');
});

test('invalid packets get an error or the empty reply, and the session continues', async (t) => {
  const gdb = conversation(t);
  for (const bad of [
    'm',
    'm80000000',
    'mx,y',
    'm1,2,3',
    'p',
    'pzz',
    'Z2,80000000',
    'Z0',
    'vCont;',
    'vCont;q',
    'vCont;r5',
  ]) {
    assert.match(await gdb.ask(bad), /^E/, bad);
  }
  for (const bad of ['qRcmd,1', 'qXfer:features:read:target.xml:x', 'T9', 'Z2,80000000,0', 'm80000000,ffffffffff']) {
    assert.match(await gdb.ask(bad), /^E/, bad);
  }
  for (const unknown of ['', 'b', 'vRun;x', 'qNothing', 'Z9,1,1', 'i', '!', 'vMustReplyEmpty']) {
    assert.equal(await gdb.ask(unknown), '', unknown);
  }
  void gdb.send(Uint8Array.from(Buffer.from('$g#00')));
  assert.ok(gdb.acknowledgements.endsWith('-'), 'a damaged packet is requested again');
  assert.equal(await gdb.ask('qC'), 'QC01');
});

test('random packets never end the session (seeded)', async (t) => {
  const random = SeededRandom.forTest(t);
  const gdb = conversation(t);
  // Interrupts runs: otherwise, a range-step over the whole address space would run until the guest shuts down.
  let slices = 0;
  gdb.clockStepMs = 1;
  gdb.betweenSlices = () => {
    if (++slices % SLICES_A_RUN === 0) void gdb.send(Uint8Array.of(3));
  };
  const starts = [
    'm',
    'p',
    'Z0,',
    'Z2,',
    'z1,',
    'vCont;s',
    'vCont;r',
    'qXfer:features:read:',
    'qRcmd,',
    'H',
    'T',
    's',
    'bs',
  ];
  for (let i = 0; i < 1000; i++) {
    const rest = Array.from({ length: random.below(12) }, () => random.pick([...'0123456789abcdef,;:-x#$}'])).join('');
    const content = `${random.pick(starts)}${rest}`.replace(/[#$}]/g, '');
    assert.match(await gdb.ask(content), /^([0-9a-zA-Z].*)?$/s, content);
  }
  assert.equal(await gdb.ask('qC'), 'QC01');
});

test('until gdb reads its replies, its packets wait, and only a limited number of bytes is read', async (t) => {
  const gdb = conversation(t);
  let drain!: () => void;
  gdb.unsentBytes = UNSENT_BYTES_MAX + 1;
  gdb.whenDrained = new Promise((resolve) => (drain = resolve));
  const position = gdb.ask('qRcmd,706f736974696f6e');
  let mayRead = false;
  const held = gdb.send(encodePacket('qC'))!.then(() => (mayRead = true));
  await new Promise(setImmediate);
  assert.equal(mayRead, false);
  gdb.unsentBytes = 0;
  drain();
  assert.equal(Buffer.from(await position, 'hex').toString(), '0\n');
  await held;
  // The packets are handled one after the other, even though all of them arrive together.
  const longest = encodePacket('z'.repeat(PACKET_BYTES_MAX));
  const many = Buffer.concat(Array.from({ length: 100 }, () => longest));
  assert.ok(gdb.send(many) instanceof Promise);
});

test('a client that disconnects while its packets are waiting is dropped', async (t) => {
  const gdb = conversation(t);
  gdb.unsentBytes = UNSENT_BYTES_MAX + 1;
  gdb.whenDrained = new Promise(() => {});
  const held = gdb.send(encodePacket('qC'));
  gdb.server.disconnected();
  assert.equal(await gdb.server.whenLeft, 'gone');
  await held;
});
