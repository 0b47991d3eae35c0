// The demo (`npm run demo`): records a failing guest, finds the cause and replays the recording, all through the Debug
// Adapter Protocol that an editor would use.
//
// A guest with a disk is recorded. It detects that its data is damaged and reports this on its console. The demo reads
// the name of the damaged variable from the console output, runs backward from write to write, and so finds the line
// that damaged the variable. Then it replays the recording and checks that the same steps lead to the same line. All
// files are created in .blkreplay/demo/ (or in the folder given as an argument). The exit status is 1 if a check fails.
import { isDeepStrictEqual } from 'node:util';
import { Checks } from './checks.ts';
import { FOLDER, hashOfImage, launchSettings, prepareFolder, replayInOneGo } from './folder.ts';
import { DebugSession } from './debugSession.ts';
import { findVariable, readGuestError } from './guestError.ts';
import { DemoDriver, type Finding } from './demoDriver.ts';
import { say } from './transcript.ts';
import { type Walk, walkBackAndForth } from './walk.ts';

const checks = new Checks();
prepareFolder();
const imageBefore = hashOfImage();

say('Record a key-value store on a new disk. It runs for a while, checks its data, and reports a failure.');
const recorded = await DebugSession.launch(launchSettings('record'));
const guestError = readGuestError(recorded.console);
say(
  `The guest reports that "${guestError.name}" is ${guestError.found}, but should be ${guestError.counted}. What changed it?`,
);
const variable = await findVariable(recorded, guestError);
const { walk, finding } = await findDamage(recorded);
checks.expect(
  `running forward over the write again sets the value to ${walk.after}`,
  (await recorded.evaluate(variable)) === walk.after,
);
await recorded.leave();

say('Replay: only "rr" changes, to "replay". The data breakpoint and the steps are the same.');
const replayed = await DebugSession.launch(launchSettings('replay'), { isQuiet: true });
const { walk: walkAgain, finding: found } = await findDamage(replayed);
checks.expect('the replay has the same console output', replayed.console === recorded.console);
checks.expect(
  `the replay reaches the same write at step ${found.step}`,
  found.step === finding.step && isDeepStrictEqual(walkAgain, walk),
);
checks.expect(
  `registers, CSRs and RAM are the same before the write: ${finding.fingerprint}`,
  found.fingerprint === finding.fingerprint,
);
await replayed.leave();
const whole = replayInOneGo();
checks.expect(`a replay without stops matches all digests in the recording; the last is ${whole.digest}`, whole.isSame);
checks.expect('the disk image is unchanged: all writes are in the overlay', imageBefore === hashOfImage());
checks.print();
console.log(`The recording and its overlay are in ${FOLDER}/.`);

say(`Found at ${finding.file}:${walk.location.line}, in ${walk.location.name}:`);
console.log(`  ${finding.source}`);
if (finding.explanation) console.log(`  ${finding.explanation}`);
console.log(`  ${variable} was written: ${walk.before} -> ${walk.after}`);
process.exitCode = checks.allHold ? 0 : 1;

async function findDamage(session: DebugSession): Promise<{ walk: Walk; finding: Finding }> {
  const driver = new DemoDriver(session, guestError);
  const walk = await walkBackAndForth(driver, { variable, guestError });
  return { walk, finding: driver.finding! };
}
