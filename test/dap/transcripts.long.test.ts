/** All cases in transcripts.test.ts pass; `npm test` runs only a selection of them. */
import './transcripts.test.ts';
