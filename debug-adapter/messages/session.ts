import { counted } from './shown.ts';
import { badInput } from './userError.ts';

/** Messages shown while debugging. */

export const noHistory = () =>
  badInput('no-history', {}, 'This run is not recorded, so it has no history to go back to.', {
    cli: 'Start it with record or replay.',
    editor: 'Set "rr" to "record" or "replay" in the launch configuration.',
    gdb: 'Start blkreplay with record or replay.',
  });

export const pastIsFixed = () =>
  badInput('past-is-fixed', {}, 'Recorded history cannot be changed.', {
    cli: 'To write, go to the live end of a recording.',
    editor: 'To write, go to the live end of a recording.',
    gdb: 'To write, continue to the live end of a recording.',
  });

export const guestHasEnded = () =>
  badInput(
    'guest-has-ended',
    {},
    'The run has ended, so nothing can be written to the guest.',
    'Start a new session, and write to the guest before the run ends.',
  );

export const positionOutside = ({ position, start, end }: { position: number; start: number; end: number }) =>
  badInput(
    'position-outside',
    { position, start, end },
    `Position ${position} is not in the recording, which covers positions ${start} to ${end}.`,
    'Go to one of these positions.',
  );

export const badAddress = ({ address, lengthBytes }: { address: bigint; lengthBytes: number }) =>
  badInput(
    'address-not-ram',
    { address: `0x${address.toString(16)}`, lengthBytes },
    `${counted(lengthBytes, 'byte')} at 0x${address.toString(16)} cannot be accessed: no RAM is currently mapped there.`,
    'Use another address, or stop at a position where this one is mapped.',
  );

const lostHow = (isReplaced: boolean) => (isReplaced ? 'replaced by another file' : 'deleted');

/** Shown as a notice; the session continues. */
export const fileLost = (lost: { file: string; isReplaced: boolean; use: 'writes' | 'reads' | 'base' }) =>
  badInput(
    'file-lost',
    lost,
    lost.use === 'writes'
      ? `${lost.file} was ${lostHow(lost.isReplaced)} while this session was writing to it. The session continues, but the data in this file will be lost when the session ends.`
      : `${lost.file} was ${lostHow(lost.isReplaced)} while this session was reading it. The session continues with the file that it opened.`,
    lost.use === 'writes'
      ? 'End the session and start a new one. Leave its files in place while it is running.'
      : 'Restore that file before you replay again.',
  );

export const savedNowhere = ({ file, isReplaced }: { file: string; isReplaced: boolean }) =>
  badInput(
    'file-lost-for-snapshot',
    { file, isReplaced },
    `${file} was ${lostHow(isReplaced)} while this session was using it, so snapshots cannot be taken or changed.`,
    'Restore the file, and start the session again.',
  );

export const pastLost = ({ file, isReplaced }: { file: string; isReplaced: boolean }) =>
  badInput(
    'file-lost-for-past',
    { file, isReplaced },
    `${file} was ${lostHow(isReplaced)} while this session was recording to it, so going back is not possible.`,
    'Continue, or end the session and record again.',
  );

/** Shown after a host failure has ended a session. `failure` is one or more whole sentences. */
export const sessionFailed = (
  failure: string,
  kept: { rr: 'record'; rrfile: string; position: number | undefined } | { rr: 'replay' | 'off' },
): string => {
  if (kept.rr !== 'record') {
    return `${failure} The session has ended${kept.rr === 'off' ? '' : '; the recording is unchanged'}.`;
  }
  return kept.position === undefined
    ? `${failure} The session has ended; ${kept.rrfile} cannot be read.`
    : `${failure} The session has ended; ${kept.rrfile} is kept and can be replayed up to position ${kept.position}.`;
};
