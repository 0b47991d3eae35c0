/** All cases in floatControl.test.ts pass; `npm test` runs only a selection of them. */
import './floatControl.test.ts';
