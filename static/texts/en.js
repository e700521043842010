/**
 * English. A key's first word says whose text it is: the page's, the stage's, a panel's, a state's.
 */
export default {
  'page.tagline': 'Your picture goes to the server, a small neural network sharpens every frame, and it comes back.',
  'page.language': 'Language',

  'controls.title': 'Call',
  'controls.start': 'Start',
  'controls.stop': 'Stop',

  'source.title': 'Picture from',
  'source.resolution': 'Resolution',
  'source.framerate': 'Frames a second',

  'stage.title': 'Pictures',
  'stage.original': 'Original',
  'stage.original.what': 'what is sent',
  'stage.enhanced': 'Enhanced',
  'stage.enhanced.what': 'what the server sends back',
  'stage.empty': 'no picture yet',
  'stage.fps': 'Frames a second',
  'stage.size': 'Size in pixels',
};
