/**
 * Messages between page and server, as types, and the name of the data channel.
 * The server's side: server/signalling and server/sessions/publisher/statistics.py.
 */

/** Label of the data channel, which the page opens. */
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
 * Body of every response of the server with an error status.
 * @typedef {object} Refusal
 * @property {string | null} error a code: 'full', 'bad_sdp', ...
 * @property {string | null} message for the user
 */

/**
 * Settings of a session, sent with the offer and changed over the data channel.
 * @typedef {object} SessionSettings
 * @property {string} student 'auto' or the name of a student
 * @property {number} strength 0 to 1.5
 * @property {boolean} enhance
 * @property {boolean} remember whether detail is taken from earlier frames of the call; false also forgets them
 * @property {boolean} memory_mask whether the server sends MemoryMask messages
 * @property {number | null} output_height shorter side of the returned video in pixels; null for the size at the
 *   start of the call
 * @property {number | null} max_bitrate of the returned video in bit/s; null for the server's limit
 */

/** @typedef {[width: number, height: number]} Size */

/** Milliseconds. @typedef {{p50: number | null, p95: number | null}} Spread */

/**
 * Frames per second; 'forwarded' are returned as this browser coded them.
 * @typedef {'received' | 'enhanced' | 'passed' | 'forwarded' | 'dropped' | 'returned'} RateName
 */

/** In place of an encoder's name: the server forwards the frames of the sender. */
export const FORWARDED = 'forwarded';

/** @typedef {'undecoded' | 'waiting' | 'enhanced' | 'encoding'} DropName */

/** @typedef {'decode' | 'wait' | 'enhance' | 'encode_wait' | 'encode' | 'total'} StageName */

/**
 * Why frames are not enhanced: they are good; they have many bits; nothing is remembered; the server has no time; the
 * settings; any other reason. server/video/pass_reason.py
 * @typedef {'good' | 'bits' | 'nothing' | 'busy' | 'off' | 'failed'} PassCode
 */

/**
 * The memory of the call, for the last frame.
 * @typedef {object} Memory
 * @property {number} share of its pixels for which something sharper is remembered, 0 to 1
 * @property {number | null} age seconds since these pixels were seen; null if there are none
 * @property {number | null} ms time that the memory took
 */

/**
 * Sent once per second. Values that the server does not know yet are null.
 * @typedef {object} ServerStats
 * @property {'stats'} type
 * @property {string | null} codec
 * @property {string | null} encoder its name, or FORWARDED
 * @property {number | null} bitrate target of the encoder of the returned video, or bit rate of the forwarded one, bit/s
 * @property {number | null} received_bitrate measured over the packets, bit/s
 * @property {number | null} returned_bitrate measured over the packets, bit/s
 * @property {string | null} student rung in use: a student, 'small + memory' with the call's memory, 'memory' for that alone, or 'pass-through'
 * @property {readonly string[]} students available, best first
 * @property {string | null} rung_reason why no better student is used
 * @property {string | null} provider
 * @property {string | null} provider_note why no faster provider is used
 * @property {Size | null} size_in
 * @property {Size | null} size_out
 * @property {number | null} advised_reduction of width and height before sending: at few bits, smaller frames that the
 *   server enlarges look better
 * @property {number | null} rtp_offset RTP time stamp of a returned frame minus that of the sent one, modulo 2^32
 * @property {Record<RateName, number | null>} rate
 * @property {Record<DropName, number | null>} drops frames per second, by the place where they were dropped
 * @property {Record<StageName, Spread>} stages
 * @property {Memory | null} memory null for a server without a memory
 * @property {number | null} learned seconds since the student was fitted to this call; null if it was not
 * @property {string | null} passed_reason why frames are passed through unenhanced
 * @property {PassCode | null} passed_code the same for programs
 */

/** The server has applied the settings. @typedef {{type: 'applied'} & SessionSettings} Applied */

/** The server has forgotten what was remembered of the call. @typedef {{type: 'forgotten'}} Forgotten */

/** The server has refused the settings. @typedef {{type: 'refused', message: string | null}} Refused */

/**
 * The server is about to end the call.
 * @typedef {object} Closing
 * @property {'closing'} type
 * @property {string | null} reason for the user
 */

/** The server is about to stop: another machine of its cluster takes the call. @typedef {{type: 'moving'}} Moving */

/**
 * The server receives packets but cannot decode them: the sender should restart.
 * @typedef {object} RestartSender
 * @property {'restart_sender'} type
 * @property {string | null} reason for the user
 */

/**
 * The places of the last frame that come from the memory of the call, sent after a change, at most four times per
 * second: a grid that covers the frame, without columns and rows if there are none.
 * @typedef {object} MemoryMask
 * @property {'memory_mask'} type
 * @property {number} columns
 * @property {number} rows
 * @property {Uint8Array} cells row by row one bit for each cell, the most significant first; Base64 in the message
 */

/** @typedef {ServerStats | Applied | Forgotten | Refused | Closing | Moving | RestartSender | MemoryMask} ServerMessage */
