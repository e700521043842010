/** German. @type {Record<import('../texts.js').TextKey, string>} */
export default {
  'page.tagline': 'Dein Bild geht zum Server, ein kleines neuronales Netz schärft jedes Einzelbild, und es kommt zurück.',
  'page.language': 'Sprache',

  'controls.title': 'Anruf',
  'controls.start': 'Start',
  'controls.stop': 'Stopp',

  'source.title': 'Bild von',
  'source.resolution': 'Auflösung',
  'source.framerate': 'Bilder pro Sekunde',

  'stage.title': 'Bilder',
  'stage.original': 'Original',
  'stage.original.what': 'was gesendet wird',
  'stage.enhanced': 'Geschärft',
  'stage.enhanced.what': 'was der Server zurückschickt',
  'stage.empty': 'noch kein Bild',
  'stage.fps': 'Bilder pro Sekunde',
  'stage.size': 'Größe in Pixeln',
};
