import { inert } from '../messages/shown.ts';
import { complete, type Session, type Timeline } from '../engine/index.ts';
import { monitorTexts } from '../messages/gdb.ts';

/**
 * Executes gdb's `monitor` commands, for functions that the protocol does not cover. The result is text for the user.
 */
export function monitor(session: Session<Timeline>, line: string): string {
  const [command = 'help', ...args] = line.trim().split(/\s+/).filter(Boolean);
  const handler = COMMANDS[command];
  if (!handler) return monitorTexts.unknown(command);
  return handler(session, args);
}

const COMMANDS: Record<string, (session: Session<Timeline>, args: string[]) => string> = {
  help: monitorTexts.help,
  position: (session) => `${session.position}\n`,
  goto: (session, [text = '']) => {
    const position = /^\d+(_\d+)*$/.test(text) ? Number(text.replaceAll('_', '')) : NaN;
    if (Number.isNaN(position)) return monitorTexts.positionNeeded();
    complete(session.goTo(position));
    // gdb caches what it read at the last stop, and the protocol does not provide a way to invalidate the cache.
    return monitorTexts.wentTo(position);
  },
  snapshots: (session) =>
    session.target.snapshots
      .list()
      .map(({ name, position }) => `${position} ${inert(name)}\n`)
      .join('') || monitorTexts.noSnapshots(),
};
