import { inputNotInPast, inputNotInReplay, inputQueueFull } from '../../messages/dap.ts';
import type { Arguments } from '../arguments.ts';
import type { Debuggee } from '../debuggee.ts';

const BYTES_MAX = 1 << 20;
/** The guest reads at most 11,520 bytes per second of guest time, so reading this many bytes takes six minutes. */
const WAITING_BYTES_MAX = 4 << 20;

/** Types bytes into the guest's console. Each byte is recorded when the guest receives it. */
export function consoleInput({ keys, session }: Debuggee, args: Arguments): object {
  const bytes = args.bytes('base64', BYTES_MAX);
  if (!keys) throw inputNotInReplay();
  if (session.target.history?.isBeforeLiveEnd) throw inputNotInPast();
  if (keys.remainingBytes + bytes.length > WAITING_BYTES_MAX) throw inputQueueFull(keys.remainingBytes);
  keys.append(bytes);
  return {};
}
