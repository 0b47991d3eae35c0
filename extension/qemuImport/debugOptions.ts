import { qemuDifferences } from '../../debug-adapter/messages/qemuImport.ts';
import * as limits from '../../debug-adapter/engine/limits.ts';
import { type Draft, settingFile } from './draft.ts';
import { isOff, parseKeyValues } from './keyValues.ts';
import { shownWord } from './unknownParts.ts';

/** The port that `-s` stands for. */
export const GDB_PORT = 1234;

/** Reads `-gdb`: a TCP port on this computer, or a Unix socket. */
export function applyGdb(draft: Draft, value: string, option: string): void {
  const [device] = value.split(',', 1);
  const [, port] = /^tcp:(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1?\])?:(\d+)$/.exec(device) ?? [];
  const [, socket] = /^unix:(.+)$/.exec(device) ?? [];
  if (device === 'none') return;
  if (port !== undefined && Number(port) <= limits.PORT_MAX) draft.settings.gdbServer = Number(port);
  else if (socket !== undefined) draft.settings.gdbServer = `unix:${gdbSocket(draft, socket, option)}`;
  else draft.report(option, qemuDifferences.gdbListen());
}

const gdbSocket = (draft: Draft, socket: string, option: string) =>
  settingFile(draft.folder, draft.text(option, socket));

/** Reads `-serial`. Only the first `-serial` option belongs to the board's UART. */
export function applySerial(draft: Draft, value: string, option: string): void {
  if (draft.hasSerial) {
    if (value !== 'none') draft.report(option, qemuDifferences.secondSerial());
    return;
  }
  draft.hasSerial = true;
  if (!/^((mon:)?stdio|none|null|chardev:.*|(mon:)?vc.*)$/.test(value)) draft.report(option, qemuDifferences.serial());
}

/** Reads `-chardev`. A connection to the terminal needs no setting, and other connections are not supported. */
export function applyChardev(draft: Draft, value: string, option: string): void {
  const backend = parseKeyValues(value, 'backend').get('backend');
  if (backend !== 'stdio' && backend !== 'null') draft.report(option, qemuDifferences.serial());
}

export function applySemihosting(draft: Draft, value: string, option: string): void {
  const values = parseKeyValues(value);
  if (!isOff(values.get('enable'))) draft.settings.semihosting = true;
  if (values.has('arg')) draft.report(option, qemuDifferences.semihostingArguments());
}

/** Reads `-icount`. Even without this option, blkreplay's clock counts instructions. */
export function applyInstructionCount(draft: Draft, value: string, option: string): void {
  const values = parseKeyValues(value, 'shift');
  if (values.get('shift') !== '0') draft.report(option, qemuDifferences.instructionTime());
  if (values.get('rr') === 'replay') draft.report(option, qemuDifferences.qemuRecording());
}

/** Reads `-rtc`. The guest's clock is always set to UTC, which is QEMU's default. */
export function applyRealTimeClock(draft: Draft, value: string, option: string): void {
  const base = parseKeyValues(value).get('base');
  if (base !== undefined && base !== 'utc') draft.report(option, qemuDifferences.realTimeClock());
}

/** Reads `-action`, for reboots and shutdowns; other events do not occur in this machine. */
export function applyAction(draft: Draft, value: string, option: string): void {
  for (const [event, action] of parseKeyValues(value)) {
    if (event === 'reboot' && action === 'shutdown') draft.settings.noReboot = true;
    if (event === 'shutdown' && action === 'pause') draft.report(shownWord(option), qemuDifferences.noShutdown());
  }
}
