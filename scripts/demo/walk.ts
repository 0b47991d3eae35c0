import type { GuestError } from './guestError.ts';

/**
 * A debugging session with the demo guest, which is the same in every front end. It starts when the guest reports a
 * failure and names the damaged variable. It runs backward to the write that damaged the variable, takes two more steps
 * back, and runs forward over the same write. This module contains the steps and the expected results; for each front
 * end, a driver performs the steps.
 */
export interface WalkDriver {
  /**
   * Makes the machine stop at each write to the variable: before the write when running backward, after the write when
   * running forward.
   */
  stopAtWrites(variable: string): Promise<void>;
  /** Resolves when the machine has stopped. */
  move(command: Move): Promise<void>;
  /**
   * Returns where the machine has stopped. A driver whose front end displays the location after a delay waits until
   * `isExpected` returns true.
   */
  location(isExpected: (location: Location) => boolean): Promise<Location>;
  /**
   * Returns a variable's value. If the front end displays the value only after a delay, the driver waits until
   * `isExpected` returns true.
   */
  value(variable: string, isExpected: (value: string) => boolean): Promise<string>;
  /** Performs further checks in this front end, at the stop before the write that damaged the variable. */
  lookAround?(culprit: Culprit): Promise<void>;
}

export type Move = 'reverseContinue' | 'stepBack' | 'continue';

export interface Location {
  name: string;
  line: number;
}

/** The write that damaged the variable. */
export interface Culprit {
  variable: string;
  before: string;
  after: string;
  location: Location;
}

export interface Walk extends Culprit {
  /** The location after two steps back from the write. */
  earlier: Location;
  /** The location at which a forward run from `earlier` stops: after the write. */
  afterWrite: Location;
}

/** Locations that are specified in advance by a test; the demo finds them itself. */
export type KnownLocations = Partial<Record<'location' | 'earlier' | 'afterWrite', (location: Location) => boolean>>;

/** The damaged variable, and the error that the guest reported, with the wrong value and the correct one. */
export interface Start {
  variable: string;
  guestError: GuestError;
  known?: KnownLocations;
}

const WRITES_MAX = 100;

export async function walkBackAndForth(driver: WalkDriver, start: Start): Promise<Walk> {
  const { variable, guestError, known = {} } = start;
  await expectValue(driver, variable, guestError.found);
  const culprit = await findCulprit(driver, start);
  await driver.lookAround?.(culprit);
  await driver.move('stepBack');
  await driver.move('stepBack');
  const earlier = await locationOf(driver, known.earlier);
  await expectValue(driver, variable, culprit.before);
  await driver.move('continue');
  await expectValue(driver, variable, culprit.after);
  return { ...culprit, earlier, afterWrite: await locationOf(driver, known.afterWrite) };
}

/**
 * Runs backward from write to write. If the value was already wrong before a write, an earlier write damaged it. If the
 * value was correct before a write, that write is the culprit.
 */
async function findCulprit(driver: WalkDriver, { variable, guestError, known }: Start): Promise<Culprit> {
  await driver.stopAtWrites(variable);
  let after = guestError.found;
  for (let writes = 0; writes < WRITES_MAX; writes++) {
    await driver.move('reverseContinue');
    const before = await driver.value(variable, (value) => value !== after);
    if (before === guestError.counted) {
      return { variable, before, after, location: await locationOf(driver, known?.location) };
    }
    if (before === after) break;
    after = before;
  }
  throw new Error(`${variable} was not ${guestError.counted} before any write.`);
}

async function locationOf(driver: WalkDriver, isExpected = (_: Location) => true): Promise<Location> {
  const location = await driver.location(isExpected);
  if (!isExpected(location)) throw new Error(`Stopped at an unexpected location: ${location.name}:${location.line}.`);
  return location;
}

async function expectValue(driver: WalkDriver, variable: string, expected: string): Promise<void> {
  const value = await driver.value(variable, (shown) => shown === expected);
  if (value !== expected) throw new Error(`${variable} is ${value}, not ${expected}.`);
}
