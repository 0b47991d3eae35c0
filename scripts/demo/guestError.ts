import type { DebugSession } from './debugSession.ts';
import { received, sent } from './transcript.ts';

/**
 * The error that the guest reported: the name of a variable, its value, and the correct value, which the guest
 * determined by counting.
 */
export interface GuestError {
  name: string;
  found: string;
  counted: string;
}

/** Finds the error in the console output, for example in the sentence `length is 7 but 5 things are there`. */
export function readGuestError(console: string): GuestError {
  const [, name, found, counted] = /(\w+) is (\d+) but (\d+)\b/.exec(console) ?? [];
  if (name === undefined) throw new Error('The guest has not reported an error.');
  return { name, found, counted };
}

/**
 * Searches the global variables and their members for one with the given name and value. Returns an expression for it.
 */
export async function findVariable(session: DebugSession, { name, found }: GuestError): Promise<string> {
  sent(`variables: search the globals for a member "${name}" with the value ${found}`);
  let level = await session.globals();
  for (let depth = 0; depth < DEPTH_MAX; depth++) {
    const match = level.find((variable) => variable.name === name && variable.value === found);
    if (match) {
      received(`${match.evaluateName} = ${match.value}`);
      return match.evaluateName!;
    }
    const withMembers = level.filter(({ variablesReference, type }) => variablesReference > 0 && !isArray(type));
    level = (await Promise.all(withMembers.map((variable) => session.members(variable)))).flat();
  }
  throw new Error(`No global variable has a member ${name} with the value ${found}.`);
}

const DEPTH_MAX = 4;

/**
 * Whether a value is an array. Arrays are not searched, because an error message names a variable or a member, never an
 * array element.
 */
const isArray = (type = ''): boolean => type.endsWith(']');
