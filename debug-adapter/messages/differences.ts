import { counted } from './shown.ts';

/**
 * How a replay can differ from its recording: parts of the sentence `The replay differs from a.rr at position 5:
 * expected <a thing>, but <a statement>.`
 */
interface RequestFields {
  operation: 'read' | 'write' | 'flush' | 'discard' | 'writeZeroes';
  drive: string;
  offset: number;
  lengthBytes: number;
  id: number;
}

interface CompletionFields {
  drive: string;
  id: number;
  status: string;
  digest: string;
}

interface EndFields {
  reason: string;
  guestExit?: number;
}

/** ` at position 7`, or an empty string if `position` and `than` are equal. */
export const atOtherPosition = (position: number, than: number): string =>
  position === than ? '' : ` at position ${position}`;

// --- what the recording expects ------------------------------------------------------------------------------------

const OPERATIONS: Record<RequestFields['operation'], string> = {
  read: 'a read',
  write: 'a write',
  flush: 'a flush',
  discard: 'a discard',
  writeZeroes: 'a write of zeroes',
};

function requestText({ operation, drive, offset, lengthBytes, id }: RequestFields): string {
  const what = OPERATIONS[operation];
  if (operation === 'flush') return `${what} of drive ${drive} (request ${id})`;
  const where = offset % 512 === 0 ? `sector ${offset / 512}` : `byte ${offset}`;
  return `${what} of ${counted(lengthBytes, 'byte')} at ${where} of drive ${drive} (request ${id})`;
}

const endText = ({ reason, guestExit }: EndFields): string =>
  `the machine to end with "${reason}"${guestExit === undefined ? '' : ` and guest exit code ${guestExit}`}`;

export const expectations = {
  request: requestText,
  completion: ({ drive, id, status, digest }: CompletionFields) =>
    `the completion of request ${id} of drive ${drive} with status ${status} and data digest ${digest}`,
  clockJump: (nanoseconds: number | bigint) => `a clock jump of ${nanoseconds} ns while all harts are waiting`,
  memoryWrite: (write: { address: number | bigint; lengthBytes: number }) =>
    `a write of ${counted(write.lengthBytes, 'byte')} to 0x${write.address.toString(16)} by the debugger`,
  registerWrite: (register: string | number) => `a write to register ${register} by the debugger`,
  digest: (value: string, part: string) => `digest ${value} of ${part}`,
  end: endText,
  noEnd: () => 'the machine not to end',
  runOnTo: (position: number) => `execution to continue to position ${position}`,
  noMoreQuestions: () => 'no more requests to the host',
  noMoreRequests: () => 'no more disk requests',
};

/** The part that `expectations.digest` names if only the order of the parts differs. */
export const partOrder = () => 'the order of parts';

// --- statements about what happened --------------------------------------------------------------------------------

export const events = {
  request: (request: RequestFields) => `the guest made ${requestText(request)}`,
  completion: ({ drive, id, status, digest }: CompletionFields) =>
    `request ${id} of drive ${drive} completed with status ${status} and data digest ${digest}`,
  question: (requested: string) => `a device requested ${requested}`,
  digest: (value: string, otherParts: readonly string[]) =>
    `it is ${value}${otherParts.length > 0 ? ` (also different: ${otherParts.join(', ')})` : ''}`,
  end: ({ reason, guestExit }: EndFields) =>
    `the machine ended with "${reason}"${guestExit === undefined ? '' : ` and guest exit code ${guestExit}`}`,
  machineEnded: (reason: string) => `the machine ended (${reason})`,
  reachedWithout: (position: number) => `the machine reached position ${position} without it`,
  notWaiting: () => 'the machine is not waiting at this position',
};
