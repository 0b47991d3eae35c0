/** The UART is a 16550A with QEMU's register values, and accepts input only once the guest enables or polls for it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Uart16550 } from '../../../../debug-adapter/engine/machine/devices/uart16550.ts';
import { assertStateSurvives, FakeBoard } from './fakeBoard.ts';
import { SeededRandom, withSeeds } from '../../../support/seededRandom.ts';

const [RBR, IER, IIR, LCR, MCR, LSR, MSR, SCR] = [0, 1, 2, 3, 4, 5, 6, 7];
const THR = RBR;
const FCR = IIR;
const CHARACTER_NANOSECONDS = 86_806;
const NO_INTERRUPT = 1;
const IDLE_LINE = 0x60;

function newUart() {
  const board = new FakeBoard();
  const sent: number[] = [];
  const uart = new Uart16550({ context: board, transmit: (byte) => sent.push(byte) });
  const read = (offset: number) => uart.read(offset, 1);
  const write = (offset: number, value: number) => uart.write(offset, value, 1);
  const receive = (text: string) => [...text].forEach((letter) => uart.receive(letter.charCodeAt(0)));
  return { board, sent, uart, read, write, receive };
}

test('a written byte is sent immediately and the transmitter stays empty', () => {
  const { sent, read, write } = newUart();
  write(THR, 0x141);
  assert.deepEqual(sent, [0x41]);
  assert.equal(read(LSR), IDLE_LINE);
});

test('after reset the registers read as in QEMU', () => {
  const { read, write } = newUart();
  assert.deepEqual([RBR, IER, IIR, LCR, MCR, LSR, MSR, SCR].map(read), [0, 0, 1, 0, 8, IDLE_LINE, 0xb0, 0]);
  write(LCR, 0x80);
  assert.deepEqual([read(0), read(1)], [0x0c, 0]);
  assert.equal(read(8), 0);
});

test('with DLAB set, the divisor replaces the data and interrupt enable registers', () => {
  const { sent, read, write } = newUart();
  write(IER, 5);
  write(LCR, 0x83);
  write(0, 0x34);
  write(1, 0x12);
  assert.deepEqual([read(0), read(1), read(LCR)], [0x34, 0x12, 0x83]);
  write(LCR, 0x03);
  assert.equal(read(IER), 5);
  assert.deepEqual(sent, []);
});

test('SCR stores a byte, MCR and IER store their implemented bits, and LSR and MSR cannot be written', () => {
  const { read, write } = newUart();
  for (const register of [SCR, MCR, IER, LSR, MSR]) write(register, 0xff);
  assert.deepEqual([SCR, IER, LSR].map(read), [0xff, 0x0f, IDLE_LINE]);
  assert.equal(read(MCR), 0x1f);
});

test('without a FIFO the newest byte is kept, and the lost byte is reported as an overrun', () => {
  const { board, read, write, receive } = newUart();
  write(IER, 0x05);
  receive('ab');
  assert.equal(read(IIR), 0x06); // In IIR, line status has priority over received data.
  assert.equal(read(LSR), IDLE_LINE | 1 | 2);
  assert.equal(read(IIR), 0x04); // The read of LSR has cleared the overrun.
  assert.equal(String.fromCharCode(read(RBR)), 'b');
  assert.equal(read(LSR), IDLE_LINE);
  assert.equal(board.interrupt, false);
  assert.equal(String.fromCharCode(read(RBR)), 'b');
});

test('the FIFO keeps 16 bytes in order, drops the 17th and reports an overrun', () => {
  const { read, write, receive } = newUart();
  write(FCR, 0x01);
  receive('0123456789abcdefX');
  assert.equal(read(LSR) & 3, 3);
  const text = Array.from({ length: 16 }, () => String.fromCharCode(read(RBR))).join('');
  assert.equal(text, '0123456789abcdef');
  assert.equal(read(LSR), IDLE_LINE);
  assert.equal(read(RBR), 0);
});

test('received data raises an interrupt at the trigger level, or after four character times without input', () => {
  for (const [bits, level] of [
    [0x00, 1],
    [0x40, 4],
    [0x80, 8],
    [0xc0, 14],
  ]) {
    const { board, uart, read, write, receive } = newUart();
    write(LCR, 3); // 8N1 format, with the divisor for 9600 baud.
    write(IER, 1);
    write(FCR, bits | 1);
    receive('x'.repeat(level - 1));
    assert.equal(read(IIR), 0xc1);
    receive('x');
    assert.equal(read(IIR), 0xc4);
    board.nanoseconds = uart.deadline();
    assert.equal(board.nanoseconds, 4 * 300_606);
    uart.act();
    assert.deepEqual([read(IIR), uart.deadline()], [0xcc, Infinity]);
    read(RBR);
    assert.deepEqual([read(IIR), uart.deadline()], [0xc1, level > 1 ? 8 * 300_606 : Infinity]);
  }
});

test('the timeout is four character times long at the rate and format that the guest sets', () => {
  for (const [divisor, lineControl, nanoseconds] of [
    [12, 3, 300_606],
    [1, 0, 17_535],
    [0xffff, 0x0f, 1_970_024_448],
    [0, 3, 2_857_142],
  ]) {
    const { uart, write, receive } = newUart();
    write(LCR, 0x80);
    write(0, divisor & 0xff);
    write(1, divisor >> 8);
    write(LCR, lineControl);
    write(FCR, 1);
    receive('x');
    assert.equal(uart.deadline(), 4 * nanoseconds);
  }
});

test('FCR resets the receiver, and so does switching the FIFO on or off', () => {
  const { read, write, receive } = newUart();
  for (const control of [0x03, 0x00, 0x01]) {
    receive('z');
    write(FCR, control);
    assert.equal(read(LSR) & 1, 0);
  }
  assert.equal(read(IIR), 0xc1);
  receive('z');
  write(FCR, 0x01);
  assert.equal(read(LSR) & 1, 1);
});

test('the THRE interrupt is raised when it is enabled and after each byte, until IIR reports it', () => {
  const { board, read, write } = newUart();
  write(IER, 2);
  assert.equal(board.interrupt, true);
  assert.equal(read(IIR), 0x02);
  assert.equal(board.interrupt, false);
  assert.equal(read(IIR), NO_INTERRUPT);
  write(THR, 0x41);
  assert.equal(board.interrupt, true);
  write(IER, 0);
  assert.equal(board.interrupt, false);
  write(IER, 2); // Enabling the interrupt raises it again, even though IIR has already reported it.
  assert.equal(read(IIR), 0x02);
  write(IER, 2); // No change.
  assert.equal(read(IIR), NO_INTERRUPT);
});

test('each new interrupt cause sets the line again, but a read of IIR sets it only if the read clears a cause', () => {
  const { board, read, write } = newUart();
  const levels: boolean[] = [];
  board.setInterrupt = (level) => levels.push(level);
  const drives = (work: () => void): boolean[] => {
    work();
    return levels.splice(0);
  };
  assert.deepEqual(
    drives(() => write(IER, 2)),
    [true],
  );
  assert.deepEqual(
    drives(() => write(THR, 0x41)),
    [false, true],
  );
  assert.deepEqual(
    drives(() => write(FCR, 0x01)),
    [true],
  );
  assert.deepEqual(
    drives(() => read(LSR)),
    [],
  );
  assert.deepEqual(
    drives(() => read(IIR)),
    [false],
  );
  assert.deepEqual(
    drives(() => read(IIR)),
    [],
  );
});

test('reading IIR for a received byte leaves the THRE interrupt pending', () => {
  const { read, write, receive } = newUart();
  write(IER, 3);
  receive('q');
  assert.equal(read(IIR), 0x04);
  read(RBR);
  assert.equal(read(IIR), 0x02);
});

test('in loopback mode the UART receives its own output, mirrors the modem lines and ignores outside input', () => {
  const { sent, uart, read, write, receive } = newUart();
  write(IER, 1);
  for (const [outputs, inputs] of [
    [1, 0x20],
    [2, 0x10],
    [4, 0x40],
    [8, 0x80],
    [15, 0xf0],
  ]) {
    write(MCR, 0x10 | outputs);
    assert.equal(read(MSR), inputs);
  }
  assert.equal(uart.readyNanoseconds(), Infinity);
  receive('!');
  assert.equal(read(LSR) & 1, 0);
  write(THR, 0x55);
  assert.deepEqual(sent, []);
  assert.equal(read(IIR), 0x04);
  assert.equal(read(RBR), 0x55);
});

test('no input is accepted before the guest enables or polls for it', () => {
  const { board, uart, write, read } = newUart();
  assert.equal(uart.readyNanoseconds(), Infinity);
  assert(board.wakes(() => write(IER, 1)));
  assert.equal(uart.readyNanoseconds(), CHARACTER_NANOSECONDS);
  assert(board.wakes(() => write(IER, 0)));
  assert.equal(uart.readyNanoseconds(), Infinity);
  assert(!board.wakes(() => read(SCR)));
});

test('enabling the interrupt before the FIFO, as Linux does, loses no input', () => {
  const { board, uart, read, write, receive } = newUart();
  write(IER, 5);
  assert(uart.readyNanoseconds() > board.nanoseconds);
  board.nanoseconds += 260; // Waits for the time that the Linux driver needs between the two writes.
  write(FCR, 0x01);
  write(FCR, 0x81);
  board.nanoseconds = uart.readyNanoseconds();
  receive('a');
  assert.equal(read(RBR), 0x61);
});

test('the next byte waits until the FIFO is empty and the character time has passed', () => {
  const { board, uart, read, write, receive } = newUart();
  write(IER, 1);
  board.nanoseconds = 1000;
  assert(board.wakes(() => receive('a')));
  assert.equal(uart.readyNanoseconds(), Infinity);
  board.nanoseconds = 5000;
  assert(board.wakes(() => read(RBR)));
  assert.equal(uart.readyNanoseconds(), 1000 + CHARACTER_NANOSECONDS);
});

test('a guest that polls LSR for input receives it', () => {
  const { board, uart, read } = newUart();
  for (let look = 1; look < 16; look++) read(LSR);
  assert.equal(uart.readyNanoseconds(), Infinity);
  assert(board.wakes(() => read(LSR)));
  assert.equal(uart.readyNanoseconds(), CHARACTER_NANOSECONDS);
  uart.receive(0x41);
  assert.equal(read(RBR), 0x41);
  assert.equal(uart.readyNanoseconds(), CHARACTER_NANOSECONDS);
});

test('a guest that polls only RBR receives input as well', () => {
  const { uart, read } = newUart();
  for (let look = 0; look < 16; look++) read(RBR);
  assert.equal(uart.readyNanoseconds(), CHARACTER_NANOSECONDS);
});

test('a guest that only prints receives no input, although it reads LSR for each byte', () => {
  const { uart, read, write } = newUart();
  for (let i = 0; i < 1000; i++) {
    while (!(read(LSR) & 0x20));
    write(THR, 0x2e);
    read(LSR); // Linux also polls LSR until the last byte has been sent.
  }
  assert.equal(uart.readyNanoseconds(), Infinity);
});

test('a polling guest still receives input after it prints a prompt, but not after it resets the FIFO', () => {
  const { uart, read, write } = newUart();
  for (let look = 0; look < 16; look++) read(LSR);
  write(THR, 0x24);
  assert.equal(uart.readyNanoseconds(), CHARACTER_NANOSECONDS);
  write(FCR, 0x07);
  assert.equal(uart.readyNanoseconds(), Infinity);
});

test('with random register accesses, the line follows IIR, changed deadlines wake the machine, and the state can be saved', () => {
  withSeeds(50, (random) => {
    const { board, uart, read, write } = newUart();
    for (let step = 0; step < 300; step++) {
      const before = [uart.readyNanoseconds(), uart.deadline()];
      const woke = board.wakes(() => exercise(random, board, uart));
      assert.equal(woke, before.join() !== [uart.readyNanoseconds(), uart.deadline()].join());
    }
    const fresh = newUart();
    assertStateSurvives(uart, fresh.uart, (device) => device.receive(1));
    fresh.uart.loadState(uart.saveState());
    assert.equal(fresh.uart.readyNanoseconds(), uart.readyNanoseconds());
    assert.equal(fresh.board.interrupt, false, 'loading does not signal the PLIC, whose state is saved separately');
    const { interrupt } = board;
    write(LCR, 0);
    assert.equal((read(IIR) & 1) === 0, interrupt);
  });
});

function exercise(random: SeededRandom, board: FakeBoard, uart: Uart16550): void {
  board.nanoseconds += random.below(100_000);
  const act = random.below(4);
  if (act === 3 && uart.deadline() <= board.nanoseconds) uart.act();
  else if (act === 0) uart.receive(random.below(256));
  else if (act === 1) uart.read(random.below(8), 1);
  else uart.write(random.below(8), random.below(256), 1);
}
