// The main job in one go, over the Debug Adapter Protocol, as an editor drives it: `npm run demo`.
//
// A guest with a disk is recorded; it finds out that it has been damaged and says so on its console. What follows knows
// nothing else: which variable it complains about is read from what it printed, and the line that spoiled it is found by
// going back from write to write. Then the recording is replayed and must lead to the same place.
// Everything it makes is in .blkreplay/demo/ (or the folder that it is given). It exits with 1 if any check fails.
import { Checks } from './checks.ts';
import { FOLDER, hashOfImage, launchSettings, prepareFolder, replayInOneGo } from './place.ts';
import { DebugSession } from './debugSession.ts';
import { findVariable, readComplaint } from './complaint.ts';
import { explainIndex, lookAround, walkBack } from './walkBack.ts';
import { say } from './transcript.ts';

const checks = new Checks();
prepareFolder();
const imageBefore = hashOfImage();

say('Record: a key-value store on a fresh disk. It works for a while, verifies itself, and reports failure.');
const recorded = await DebugSession.launch(launchSettings('record'));
const complaint = readComplaint(recorded.console);
say(
  `It complains about "${complaint.name}": it is ${complaint.found}, and counting gave ${complaint.counted}. Who did that?`,
);
const variable = await findVariable(recorded, complaint);
const culprit = await walkBack(recorded, { variable, rightValue: complaint.counted });
await lookAround(recorded);
const explanation = await explainIndex(recorded, variable);
const fingerprint = await recorded.fingerprint();
say('And what came before that?');
await recorded.run('stepBack');
await recorded.run('stepBack');
const again = await recorded.run('continue');
const valueThen = await recorded.evaluate(variable);
checks.expect(
  `forwards it is the same write, and leaves ${valueThen}`,
  again === culprit.description && valueThen === culprit.after,
);
await recorded.leave();

say('Replay: one word changes, rr: replay. The same data breakpoint, the same way back.');
const replayed = await DebugSession.launch(launchSettings('replay'), { isQuiet: true });
const found = await walkBack(replayed, { variable, rightValue: complaint.counted });
checks.expect('the replay printed the same console', replayed.console === recorded.console);
checks.expect(`it leads to the same write at step ${found.step}`, JSON.stringify(found) === JSON.stringify(culprit));
const replayedFingerprint = await replayed.fingerprint();
checks.expect(`registers, CSRs and RAM are the same there: ${fingerprint}`, replayedFingerprint === fingerprint);
await replayed.leave();
const whole = replayInOneGo();
checks.expect(`a replay in one go agrees with every digest on the way to the end: ${whole.digest}`, whole.isSame);
checks.expect('the disk image is untouched: all writes are in the overlay', imageBefore === hashOfImage());
checks.print();
console.log(`What this made, recording and overlay, is in ${FOLDER}/.`);

say(`Found at ${culprit.file}:${culprit.line}, in ${culprit.functionName}:`);
console.log(`  ${culprit.source}`);
if (explanation) console.log(`  ${explanation}`);
console.log(`  ${variable} is written: ${culprit.before} -> ${culprit.after}`);
process.exitCode = checks.allHold ? 0 : 1;
