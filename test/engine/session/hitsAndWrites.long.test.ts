/** All cases in hitsAndWrites.test.ts pass; `npm test` runs only a selection of them. */
import './hitsAndWrites.test.ts';
