import { inputNotInPast, inputNotInReplay } from '../../engine/errors/dap.ts';
import type { Arguments } from '../arguments.ts';
import type { Debuggee } from '../debuggee.ts';

/** What is typed to the guest: it becomes part of the recording as the guest takes it, key by key. */
const BYTES_MAX = 1 << 20;

export function consoleInput({ keys, session }: Debuggee, args: Arguments): object {
  const bytes = args.bytes('base64', BYTES_MAX);
  if (!keys) throw inputNotInReplay();
  if (session.timeline.travel?.isLookingBack) throw inputNotInPast();
  keys.type(bytes);
  return {};
}
