import { badInput } from './userError.ts';

/** What a user can be told while debugging. */

export const noHistory = () =>
  badInput(
    'no-history',
    'This run is not recorded, so there is nothing to go back to: start it with record or replay.',
  );

export const pastIsFixed = () =>
  badInput(
    'past-is-fixed',
    'What is recorded cannot be changed: go to the end of a live recording, where writes become part of it.',
  );

export const guestHasEnded = () =>
  badInput(
    'guest-has-ended',
    'The guest has ended, so nothing can be written to it any more: start it again, and write before its last step.',
  );

export const positionOutside = (asked: { position: number; start: number; end: number }) =>
  badInput(
    'position-outside',
    `Position ${asked.position} is not in the recording: it goes from ${asked.start} to ${asked.end}.`,
  );

export const badAddress = (asked: { address: bigint; lengthBytes: number }) =>
  badInput(
    'address-not-ram',
    `The ${asked.lengthBytes} bytes at 0x${asked.address.toString(16)} are not in RAM as it is mapped now: stop where they are, or name others.`,
  );

const lostHow = (isReplaced: boolean) => (isReplaced ? 'replaced by another file' : 'deleted');

/** Said while the session continues. */
export const fileLost = (lost: { file: string; isReplaced: boolean; use: 'writes' | 'reads' | 'base' }) =>
  badInput(
    'file-lost',
    `${lost.file} was ${lostHow(lost.isReplaced)} while this session ` +
      (lost.use === 'writes'
        ? 'writes to it: the session continues, but what it writes there is lost when it ends. End it, start again, and ' +
          'leave its files in place.'
        : 'reads it: the session continues with the file that it opened. Put that one back before you replay again.'),
  );

export const savedNowhere = (lost: { file: string; isReplaced: boolean }) =>
  badInput(
    'file-lost-for-snapshot',
    `${lost.file} was ${lostHow(lost.isReplaced)} while this session uses it, so no snapshot can be kept or changed there: ` +
      'put the file back, and start the session again.',
  );

export const pastLost = (lost: { file: string; isReplaced: boolean }) =>
  badInput(
    'file-lost-for-past',
    `${lost.file} was ${lostHow(lost.isReplaced)} while this session records to it, so there is no looking back: run on, ` +
      'or end the session and record again.',
  );

/** After a failure of the host that ended a session; `failure` is a sentence of its own. */
export const sessionFailed = (
  failure: string,
  kept: { rr: 'record'; rrfile: string; position: number | undefined } | { rr: 'replay' | 'off' },
): string => {
  if (kept.rr !== 'record') {
    return `${failure} The session has ended${kept.rr === 'off' ? '' : '; the recording is as it was'}.`;
  }
  return kept.position === undefined
    ? `${failure} The session has ended; ${kept.rrfile} cannot be read.`
    : `${failure} The session has ended; ${kept.rrfile} is kept and replays up to position ${kept.position}.`;
};
