/**
 * What the page and the server say to each other: types only, and the one name that both must know.
 * The server's side is server/signalling and server/sessions/statistics.py.
 */

/** The data channel that the page opens and the server reports on. */
export const CHANNEL = 'acutance';

/**
 * Answer of `POST offer`.
 * @typedef {object} Answer
 * @property {string} sdp
 * @property {'answer'} type
 * @property {string} session
 * @property {string} [url] of the session, for DELETE
 */

/**
 * Body of any answer of the server that is not a success.
 * @typedef {object} Refusal
 * @property {string | null} error a code: 'full', 'bad_sdp', ...
 * @property {string | null} message a sentence for people
 */

/**
 * What the page may ask for, with the offer or later.
 * @typedef {object} SessionSettings
 * @property {string} student 'auto' or the name of one
 * @property {number} strength 0 to 1.5
 * @property {boolean} enhance
 * @property {number | null} output_height shorter side of the returned picture, pixels
 * @property {number | null} max_bitrate of the returned picture, bits a second
 */

/** @typedef {[width: number, height: number]} Size */

/** Milliseconds. @typedef {{p50: number | null, p95: number | null}} Spread */

/** Frames a second. @typedef {'received' | 'enhanced' | 'passed' | 'dropped' | 'returned'} RateName */

/** @typedef {'undecoded' | 'waiting' | 'enhanced' | 'encoding'} DropName */

/** @typedef {'decode' | 'wait' | 'enhance' | 'encode_wait' | 'encode' | 'total'} StageName */

/**
 * Once a second. Whatever the server does not know yet is null.
 * @typedef {object} ServerStats
 * @property {'stats'} type
 * @property {string | null} codec
 * @property {string | null} encoder
 * @property {number | null} bitrate bits a second, returned: what the encoder aims at
 * @property {number | null} received_bitrate bits a second of packets, measured
 * @property {number | null} returned_bitrate bits a second of packets, measured
 * @property {string | null} student that it uses now, or 'pass-through'
 * @property {readonly string[]} students that it has, best first
 * @property {string | null} rung_reason why not a better one
 * @property {string | null} provider
 * @property {string | null} provider_note why no better provider runs
 * @property {Size | null} size_in
 * @property {Size | null} size_out
 * @property {number | null} rtp_offset returned less sent RTP time stamp of a frame, modulo 2^32
 * @property {Record<RateName, number | null>} rate
 * @property {Record<DropName, number | null>} drops frames a second, by the place where they were dropped
 * @property {Record<StageName, Spread>} stages
 * @property {string | null} passed_reason why frames went through unenhanced
 */

/** The server does what was asked. @typedef {{type: 'applied'} & SessionSettings} Applied */

/** The server does not do what was asked. @typedef {{type: 'refused', message: string | null}} Refused */

/**
 * The server is about to end the call.
 * @typedef {object} Closing
 * @property {'closing'} type
 * @property {string | null} reason a sentence for people
 */

/**
 * Packets arrive, but the server can make no picture of them: the sender should begin anew.
 * @typedef {object} RestartSender
 * @property {'restart_sender'} type
 * @property {string | null} reason a sentence for people
 */

/** @typedef {ServerStats | Applied | Refused | Closing | RestartSender} ServerMessage */
