/** The RTC reads the host's date once and then follows virtual time; its alarm raises interrupts as in QEMU. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GoldfishRtc } from '../../../../debug-adapter/engine/machine/devices/goldfishRtc.ts';
import { assertStateSurvives, FakeBoard } from './fakeBoard.ts';

const TIME_LOW = 0x00;
const ALARM_LOW = 0x08;
const ALARM_HIGH = 0x0c;
const INTERRUPT_ENABLED = 0x10;
const ALARM_STATUS = 0x18;
const CLEAR_INTERRUPT = 0x1c;
const HOST_TIME_MS = 1_700_000_000_123;

function newRtc() {
  const board = new FakeBoard();
  const asked: number[] = [];
  const hostTime = () => asked.push(board.nanoseconds) && HOST_TIME_MS;
  return { board, asked, rtc: new GoldfishRtc({ context: board, hostTime }) };
}

const time = (rtc: GoldfishRtc, at = TIME_LOW) => BigInt(rtc.read(at, 4)) | (BigInt(rtc.read(at + 4, 4)) << 32n);

function setAlarm(rtc: GoldfishRtc, at: bigint): void {
  rtc.write(ALARM_HIGH, Number(at >> 32n), 4);
  rtc.write(ALARM_LOW, Number(at & 0xffffffffn), 4);
}

test('the first read of the time reads the date from the host, and afterwards virtual time advances the clock', () => {
  const { board, asked, rtc } = newRtc();
  board.nanoseconds = 5000;
  assert.equal(rtc.read(ALARM_STATUS, 4), 0);
  assert.deepEqual(asked, []);
  assert.equal(time(rtc), BigInt(HOST_TIME_MS) * 1_000_000n);
  board.nanoseconds += 1234;
  assert.equal(time(rtc), BigInt(HOST_TIME_MS) * 1_000_000n + 1234n);
  assert.deepEqual(asked, [5000]);
});

test('an alarm raises its interrupt at the set time, and the interrupt stays pending until it is cleared', () => {
  const { board, rtc } = newRtc();
  rtc.write(INTERRUPT_ENABLED, 1, 4);
  setAlarm(rtc, time(rtc) + 1000n);
  assert.equal(rtc.deadline(), 1000);
  assert.equal(rtc.read(ALARM_STATUS, 4), 1);
  assert.equal(time(rtc, ALARM_LOW), BigInt(HOST_TIME_MS) * 1_000_000n + 1000n);
  board.nanoseconds = 1000;
  rtc.act();
  assert(board.interrupt);
  assert.deepEqual([rtc.deadline(), rtc.read(ALARM_STATUS, 4)], [Infinity, 0]);
  rtc.write(CLEAR_INTERRUPT, 1, 4);
  assert(!board.interrupt);
  setAlarm(rtc, time(rtc) - 1n);
  assert(board.interrupt, 'an alarm in the past fires immediately');
});

test('saving and loading preserves the clock, and a reset clears everything except the time', () => {
  const { board, asked, rtc } = newRtc();
  assertStateSurvives(rtc, newRtc().rtc);
  rtc.write(INTERRUPT_ENABLED, 1, 4);
  rtc.write(TIME_LOW, 7, 4);
  setAlarm(rtc, time(rtc) + 1_000_000_000n);
  assertStateSurvives(rtc, newRtc().rtc, (device) => device.reset());
  board.nanoseconds += 50;
  assert.deepEqual([rtc.deadline(), rtc.read(INTERRUPT_ENABLED, 4), time(rtc, ALARM_LOW)], [Infinity, 0, 0n]);
  assert.equal(time(rtc), BigInt(HOST_TIME_MS) * 1_000_000n + 50n);
  assert.equal(asked.length, 1);
});
