import { inert, quoted } from '../engine/errors/shown.ts';
import type { Session } from '../engine/index.ts';

/**
 * Executes gdb's `monitor` commands, for functions that the protocol has no packet for. The result is text for the
 * user.
 */
export function monitor(session: Session, line: string): string {
  const [command = 'help', ...words] = line.trim().split(/\s+/).filter(Boolean);
  const known = COMMANDS[command];
  if (!known) return `There is no monitor command ${quoted(command)}; these are:\n${HELP}`;
  return known(session, words);
}

const HELP = `monitor position         where the machine stands: steps since power-on
monitor goto POSITION    to a position in what is recorded
monitor snapshots        the snapshots that the overlays hold
monitor help             this list
`;

const COMMANDS: Record<string, (session: Session, words: string[]) => string> = {
  help: () => HELP,
  position: (session) => `${session.position}\n`,
  goto: (session, [text = '']) => {
    const position = /^\d+(_\d+)*$/.test(text) ? Number(text.replaceAll('_', '')) : NaN;
    if (Number.isNaN(position)) return 'Give a position, such as: monitor goto 1_000_000\n';
    session.goTo(position);
    // gdb caches what it read at the last stop, and the protocol has no way to invalidate the cache.
    return `${position} (now say: maintenance flush register-cache)\n`;
  },
  snapshots: (session) =>
    session.timeline
      .snapshots()
      .map(({ name, position }) => `${position} ${inert(name)}\n`)
      .join('') || 'There are none.\n',
};
