/** All cases in recordingFile.test.ts pass; `npm test` runs only a selection of them. */
import './recordingFile.test.ts';
