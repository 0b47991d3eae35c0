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
