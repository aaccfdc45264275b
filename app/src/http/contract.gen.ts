// Made from openapi.yaml by `npm run types`.
export interface paths {
    "/": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Welcome, with links */
        get: operations["welcome"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/healthz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whether requests may be sent here. Touches nothing else; 503 from the moment that the instance stops */
        get: operations["liveness"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/readyz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whether requests can be served, which takes a table that answers and an issuer that is the configured one */
        get: operations["readiness"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/version": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What is running */
        get: operations["version"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/openapi.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** This document, with the sign-in endpoints of the configured issuer */
        get: operations["contract"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/movies": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List movies, page by page
         * @description Every filter that is given narrows the list. A page may hold fewer movies than `limit`, even none, and still have
         *     a next one: what one request may read is bounded. Follow `next` until it is absent.
         */
        get: operations["listMovies"];
        put?: never;
        /** Add a movie */
        post: operations["createMovie"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/movies/{year}/{title}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example 1994 */
                year: components["schemas"]["Year"];
                /**
                 * @description Percent-encoded in the address, slashes included; a page such as this one does it for you
                 * @example Pulp Fiction
                 */
                title: components["schemas"]["Title"];
            };
            cookie?: never;
        };
        /**
         * One movie
         * @description The answer may be as old as the service's short cache: a second, unless it is set otherwise. A change is seen at once by
         *     whoever asks the instance that made it, and by everybody with `Cache-Control: no-cache` in the request. What `If-Match` asks
         *     is always compared with what is stored.
         */
        get: operations["getMovie"];
        /**
         * Replace a movie
         * @description All of it, so `If-Match` has to say which revision: send the `ETag` of the answer that you have edited, and if somebody
         *     was faster, the answer is 412. `*` replaces whatever is there. A movie that is missing is not added; POST does that.
         */
        put: operations["replaceMovie"];
        post?: never;
        /** Remove a movie */
        delete: operations["removeMovie"];
        options?: never;
        head?: never;
        /**
         * Change parts of a movie
         * @description A JSON merge patch (RFC 7396). What is null is removed; lists are replaced as a whole; what is not named stays as it is
         *     stored, to the digit.
         */
        patch: operations["patchMovie"];
        trace?: never;
    };
    "/movies/": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * One movie, wrapped as the first version did
         * @deprecated
         */
        get: operations["getMovieWrapped"];
        put?: never;
        /**
         * Add a movie from the query, wrapped as the first version did
         * @deprecated
         */
        post: operations["createMovieWrapped"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/echo": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Says which method was used
         * @deprecated
         */
        get: operations["echoGet"];
        /**
         * Says which method was used
         * @deprecated
         */
        put: operations["echoPut"];
        /**
         * Says which method was used
         * @deprecated
         */
        post: operations["echoPost"];
        /**
         * Says which method was used
         * @deprecated
         */
        delete: operations["echoDelete"];
        options?: never;
        head?: never;
        /**
         * Says which method was used
         * @deprecated
         */
        patch: operations["echoPatch"];
        trace?: never;
    };
    "/static/swagger.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The contract, where the first version had it
         * @deprecated
         */
        get: operations["formerContract"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        Year: number;
        /** @description `"…"` in double quotes, a list of such, or `*` */
        EntityTags: string;
        /**
         * @description 1 to 1,024 bytes of UTF-8, compared byte by byte: a letter with its accent in one character and the same in two are two
         *     titles. Where a title is dots alone, ask for it by the filter `title`: many clients tidy such an address.
         */
        Title: string;
        Name: string;
        Plot: string;
        Rating: number;
        /**
         * @example {
         *       "year": 2013,
         *       "title": "Rush",
         *       "info": {
         *         "directors": [
         *           "Ron Howard"
         *         ],
         *         "genres": [
         *           "Action",
         *           "Drama"
         *         ],
         *         "rating": 8.3,
         *         "release_date": "2013-09-02T00:00:00Z"
         *       }
         *     }
         */
        Movie: {
            year: components["schemas"]["Year"];
            title: components["schemas"]["Title"];
            info: components["schemas"]["MovieInfo"];
        };
        /**
         * @description A movie. Year and title are those of the address, and may be left out
         * @example {
         *       "info": {
         *         "directors": [
         *           "Quentin Tarantino"
         *         ],
         *         "genres": [
         *           "Crime",
         *           "Drama"
         *         ],
         *         "rating": 8.9
         *       }
         *     }
         */
        MovieReplacement: {
            year?: components["schemas"]["Year"];
            title?: components["schemas"]["Title"];
            info: components["schemas"]["MovieInfo"];
        };
        /**
         * @description Year and title are those of the address, and may be left out
         * @example {
         *       "info": {
         *         "rating": 8.1
         *       }
         *     }
         */
        MoviePatch: {
            year?: components["schemas"]["Year"];
            title?: components["schemas"]["Title"];
            info?: components["schemas"]["MovieInfoPatch"];
        };
        /**
         * @description What is known of a movie. Further attributes of any JSON type are kept as they are. Names are not empty; objects and
         *     lists nest at most 30 levels deep; numbers have up to 17 digits and lie between 1e-130 and 9.99e125
         */
        MovieInfo: {
            plot?: components["schemas"]["Plot"];
            rating?: components["schemas"]["Rating"];
            /** @example 2 */
            rank?: number;
            genres?: components["schemas"]["Names"];
            directors?: components["schemas"]["Names"];
            actors?: components["schemas"]["Names"];
            release_date?: components["schemas"]["ReleaseDate"];
            image_url?: components["schemas"]["ImageUrl"];
            /** @example 7380 */
            running_time_secs?: number;
        } & {
            [key: string]: unknown;
        };
        /** @description Attributes to set, or to remove with null */
        MovieInfoPatch: {
            plot?: string | null;
            rating?: number | null;
            rank?: number | null;
            genres?: components["schemas"]["NamesPatch"];
            directors?: components["schemas"]["NamesPatch"];
            actors?: components["schemas"]["NamesPatch"];
            release_date?: components["schemas"]["ReleaseDatePatch"];
            image_url?: string | null;
            running_time_secs?: number | null;
        } & {
            [key: string]: unknown;
        };
        Names: components["schemas"]["Name"][];
        NamesPatch: components["schemas"]["Name"][] | null;
        /**
         * @description A day of the calendar or a moment in UTC (ISO 8601), such as 2013-09-02 or 2013-09-02T00:00:00Z
         * @example 2013-09-02T00:00:00Z
         */
        ReleaseDate: string;
        ReleaseDatePatch: string | null;
        ImageUrl: string;
        MoviePage: {
            movies: components["schemas"]["Movie"][];
            /** @description The address of the next page. Absent on the last one */
            next?: string;
        };
        Envelope: {
            /** @enum {integer} */
            statusCode: 200;
            headers: {
                /** @enum {string} */
                "Content-Type": "application/json";
            };
            /** @description A movie as JSON text */
            body: string;
        };
        Welcome: {
            apiVersion: string;
            status: string;
            message: string;
            links: {
                [key: string]: string;
            };
        };
        Health: {
            /** @enum {string} */
            status: "ok";
        };
        Version: {
            version: string;
            /** @description `unknown` outside of a build */
            commit: string;
            /** @description ISO 8601, or `unknown` outside of a build */
            builtAt: string;
        };
        /**
         * @description What went wrong (RFC 9457)
         * @example {
         *       "type": "about:blank",
         *       "title": "Not Found",
         *       "status": 404,
         *       "detail": "There is no movie \"Rush\" (1994).",
         *       "instance": "/movies/1994/Rush",
         *       "requestId": "0b61f7d0-6a2e-4b0e-9f3b-2f6a1c1f0c55",
         *       "message": "Not Found: /movies/1994/Rush"
         *     }
         */
        Problem: {
            /** @enum {string} */
            type: "about:blank";
            /** @description The name of the status */
            title: string;
            status: number;
            /** @description What went wrong this time */
            detail: string;
            /** @description The path that was asked for, without its query; empty where the request could not be read */
            instance: string;
            /** @description The same as in the header X-Request-Id and in the log */
            requestId: string;
            /** @description As the first version of this API said it: `Not Found:` and the address */
            message?: string;
            /** @description One entry per fault in the request */
            errors?: {
                /** @enum {string} */
                in: "path" | "query" | "header" | "body";
                /** @description A parameter or a JSON pointer into the body */
                field?: string;
                message: string;
            }[];
        };
    };
    responses: {
        /** @description The request is wrong; `errors` says where and how */
        BadRequest: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description No valid access token; `detail` says why */
        Unauthorized: {
            headers: {
                "WWW-Authenticate": string;
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The access token lacks the scope */
        Forbidden: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description There is no such movie */
        NotFound: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description Only application/json is available */
        NotAcceptable: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description It exists already, or too many edit it at once */
        Conflict: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The request did not arrive in time */
        TooSlow: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description Another revision is stored than If-Match names, or If-None-Match names it */
        PreconditionFailed: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description Expect asks for something else than 100-continue */
        ExpectationFailed: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The request line and the headers are larger than 16 kB */
        HeadersTooLarge: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description Transfer-Encoding is something else than chunked */
        NotImplemented: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The body is larger than 100 kB. A firewall in front takes less, 8 KiB at most; its answer has no instance and no requestId */
        TooLarge: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The body is of another type than the contract says */
        UnsupportedMediaType: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description If-Match is missing, so somebody's edit could get lost */
        PreconditionRequired: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description Too busy at the moment, or stopping */
        Unavailable: {
            headers: {
                "Retry-After": components["headers"]["RetryAfter"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The database did not answer in time. A change may have happened */
        TimedOut: {
            headers: {
                "Retry-After": components["headers"]["RetryAfter"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
    };
    parameters: {
        /** @description Entity tags of revisions that must not be stored: 304 if one is, 412 where something would change */
        IfNoneMatch: components["schemas"]["EntityTags"];
        /** @description Entity tags of the revisions that may be stored: 412 if it is another one */
        IfMatch: components["schemas"]["EntityTags"];
        /**
         * @description The `ETag` of what you have edited, with its quotes, or `*` for whatever is there
         * @example *
         */
        IfMatchRequired: components["schemas"]["EntityTags"];
        /** @example 1994 */
        YearAsked: components["schemas"]["Year"];
        /** @example Pulp Fiction */
        TitleAsked: components["schemas"]["Title"];
    };
    requestBodies: never;
    headers: {
        /** @description Names this exact content */
        ETag: string;
        /** @description Seconds after which it is worth trying again */
        RetryAfter: number;
    };
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    welcome: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Where to go from here */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Welcome"];
                };
            };
            400: components["responses"]["BadRequest"];
            408: components["responses"]["TooSlow"];
            417: components["responses"]["ExpectationFailed"];
            431: components["responses"]["HeadersTooLarge"];
            501: components["responses"]["NotImplemented"];
            503: components["responses"]["Unavailable"];
        };
    };
    liveness: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It lives */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Health"];
                };
            };
            400: components["responses"]["BadRequest"];
            408: components["responses"]["TooSlow"];
            417: components["responses"]["ExpectationFailed"];
            431: components["responses"]["HeadersTooLarge"];
            501: components["responses"]["NotImplemented"];
            503: components["responses"]["Unavailable"];
        };
    };
    readiness: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Ready */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Health"];
                };
            };
            400: components["responses"]["BadRequest"];
            408: components["responses"]["TooSlow"];
            417: components["responses"]["ExpectationFailed"];
            431: components["responses"]["HeadersTooLarge"];
            501: components["responses"]["NotImplemented"];
            503: components["responses"]["Unavailable"];
        };
    };
    version: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Version, commit and build time */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Version"];
                };
            };
            400: components["responses"]["BadRequest"];
            408: components["responses"]["TooSlow"];
            417: components["responses"]["ExpectationFailed"];
            431: components["responses"]["HeadersTooLarge"];
            501: components["responses"]["NotImplemented"];
            503: components["responses"]["Unavailable"];
        };
    };
    contract: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description An OpenAPI document */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        [key: string]: unknown;
                    };
                };
            };
            400: components["responses"]["BadRequest"];
            408: components["responses"]["TooSlow"];
            417: components["responses"]["ExpectationFailed"];
            431: components["responses"]["HeadersTooLarge"];
            501: components["responses"]["NotImplemented"];
            503: components["responses"]["Unavailable"];
        };
    };
    listMovies: {
        parameters: {
            query?: {
                /** @description Movies per page */
                limit?: number;
                /** @description Where to go on, as given by the page before. Good for the same filters only */
                cursor?: string;
                year?: components["schemas"]["Year"];
                /** @description The exact title, in any year */
                title?: components["schemas"]["Title"];
                /** @description How the title starts. Needs `year` */
                titlePrefix?: components["schemas"]["Title"];
                genre?: components["schemas"]["Name"];
                director?: components["schemas"]["Name"];
                actor?: components["schemas"]["Name"];
                /** @description The lowest rating to list. Movies without a rating are left out */
                minRating?: components["schemas"]["Rating"];
                /** @description Best rated first. Needs `year`; movies without a rating are left out */
                sort?: "rating";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page */
            200: {
                headers: {
                    /** @description The next page, as `<…>; rel="next"`. Absent on the last one */
                    Link?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MoviePage"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            406: components["responses"]["NotAcceptable"];
            408: components["responses"]["TooSlow"];
            417: components["responses"]["ExpectationFailed"];
            431: components["responses"]["HeadersTooLarge"];
            501: components["responses"]["NotImplemented"];
            503: components["responses"]["Unavailable"];
            504: components["responses"]["TimedOut"];
        };
    };
    createMovie: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Movie"];
            };
        };
        responses: {
            /** @description Added */
            201: {
                headers: {
                    /** @description Where it is */
                    Location?: string;
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Movie"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            406: components["responses"]["NotAcceptable"];
            408: components["responses"]["TooSlow"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            417: components["responses"]["ExpectationFailed"];
            431: components["responses"]["HeadersTooLarge"];
            501: components["responses"]["NotImplemented"];
            503: components["responses"]["Unavailable"];
            504: components["responses"]["TimedOut"];
        };
    };
    getMovie: {
        parameters: {
            query?: never;
            header?: {
                /** @description Entity tags of revisions that must not be stored: 304 if one is, 412 where something would change */
                "If-None-Match"?: components["parameters"]["IfNoneMatch"];
                /** @description Entity tags of the revisions that may be stored: 412 if it is another one */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                /** @example 1994 */
                year: components["schemas"]["Year"];
                /**
                 * @description Percent-encoded in the address, slashes included; a page such as this one does it for you
                 * @example Pulp Fiction
                 */
                title: components["schemas"]["Title"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The movie */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Movie"];
                };
            };
            /** @description It is what the caller has */
            304: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            406: components["responses"]["NotAcceptable"];
            408: components["responses"]["TooSlow"];
            412: components["responses"]["PreconditionFailed"];
            417: components["responses"]["ExpectationFailed"];
            431: components["responses"]["HeadersTooLarge"];
            501: components["responses"]["NotImplemented"];
            503: components["responses"]["Unavailable"];
            504: components["responses"]["TimedOut"];
        };
    };
    replaceMovie: {
        parameters: {
            query?: never;
            header: {
                /**
                 * @description The `ETag` of what you have edited, with its quotes, or `*` for whatever is there
                 * @example *
                 */
                "If-Match": components["parameters"]["IfMatchRequired"];
                /** @description Entity tags of revisions that must not be stored: 304 if one is, 412 where something would change */
                "If-None-Match"?: components["parameters"]["IfNoneMatch"];
            };
            path: {
                /** @example 1994 */
                year: components["schemas"]["Year"];
                /**
                 * @description Percent-encoded in the address, slashes included; a page such as this one does it for you
                 * @example Pulp Fiction
                 */
                title: components["schemas"]["Title"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["MovieReplacement"];
            };
        };
        responses: {
            /** @description The movie as it is now */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Movie"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            406: components["responses"]["NotAcceptable"];
            408: components["responses"]["TooSlow"];
            412: components["responses"]["PreconditionFailed"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            417: components["responses"]["ExpectationFailed"];
            428: components["responses"]["PreconditionRequired"];
            431: components["responses"]["HeadersTooLarge"];
            501: components["responses"]["NotImplemented"];
            503: components["responses"]["Unavailable"];
            504: components["responses"]["TimedOut"];
        };
    };
    removeMovie: {
        parameters: {
            query?: never;
            header?: {
                /** @description Entity tags of the revisions that may be stored: 412 if it is another one */
                "If-Match"?: components["parameters"]["IfMatch"];
                /** @description Entity tags of revisions that must not be stored: 304 if one is, 412 where something would change */
                "If-None-Match"?: components["parameters"]["IfNoneMatch"];
            };
            path: {
                /** @example 1994 */
                year: components["schemas"]["Year"];
                /**
                 * @description Percent-encoded in the address, slashes included; a page such as this one does it for you
                 * @example Pulp Fiction
                 */
                title: components["schemas"]["Title"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Gone */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["TooSlow"];
            412: components["responses"]["PreconditionFailed"];
            417: components["responses"]["ExpectationFailed"];
            431: components["responses"]["HeadersTooLarge"];
            501: components["responses"]["NotImplemented"];
            503: components["responses"]["Unavailable"];
            504: components["responses"]["TimedOut"];
        };
    };
    patchMovie: {
        parameters: {
            query?: never;
            header?: {
                /** @description Entity tags of the revisions that may be stored: 412 if it is another one */
                "If-Match"?: components["parameters"]["IfMatch"];
                /** @description Entity tags of revisions that must not be stored: 304 if one is, 412 where something would change */
                "If-None-Match"?: components["parameters"]["IfNoneMatch"];
            };
            path: {
                /** @example 1994 */
                year: components["schemas"]["Year"];
                /**
                 * @description Percent-encoded in the address, slashes included; a page such as this one does it for you
                 * @example Pulp Fiction
                 */
                title: components["schemas"]["Title"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/merge-patch+json": components["schemas"]["MoviePatch"];
                "application/json": components["schemas"]["MoviePatch"];
            };
        };
        responses: {
            /** @description The movie as it is now */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Movie"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            406: components["responses"]["NotAcceptable"];
            408: components["responses"]["TooSlow"];
            409: components["responses"]["Conflict"];
            412: components["responses"]["PreconditionFailed"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            417: components["responses"]["ExpectationFailed"];
            431: components["responses"]["HeadersTooLarge"];
            501: components["responses"]["NotImplemented"];
            503: components["responses"]["Unavailable"];
            504: components["responses"]["TimedOut"];
        };
    };
    getMovieWrapped: {
        parameters: {
            query: {
                /** @example 1994 */
                year: components["parameters"]["YearAsked"];
                /** @example Pulp Fiction */
                title: components["parameters"]["TitleAsked"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The movie as JSON text in `body` */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Envelope"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            406: components["responses"]["NotAcceptable"];
            408: components["responses"]["TooSlow"];
            417: components["responses"]["ExpectationFailed"];
            431: components["responses"]["HeadersTooLarge"];
            501: components["responses"]["NotImplemented"];
            503: components["responses"]["Unavailable"];
            504: components["responses"]["TimedOut"];
        };
    };
    createMovieWrapped: {
        parameters: {
            query: {
                /** @example 1994 */
                year: components["parameters"]["YearAsked"];
                /** @example Pulp Fiction */
                title: components["parameters"]["TitleAsked"];
                /** @description Shorter than in a body, so that a request line of any language stays within its limit of 16 kB */
                plot?: string;
                rating?: components["schemas"]["Rating"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The new movie as JSON text in `body` */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Envelope"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            406: components["responses"]["NotAcceptable"];
            408: components["responses"]["TooSlow"];
            409: components["responses"]["Conflict"];
            417: components["responses"]["ExpectationFailed"];
            431: components["responses"]["HeadersTooLarge"];
            501: components["responses"]["NotImplemented"];
            503: components["responses"]["Unavailable"];
            504: components["responses"]["TimedOut"];
        };
    };
    echoGet: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description ECHO: and the method */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/plain": string;
                };
            };
            400: components["responses"]["BadRequest"];
            408: components["responses"]["TooSlow"];
            417: components["responses"]["ExpectationFailed"];
            431: components["responses"]["HeadersTooLarge"];
            501: components["responses"]["NotImplemented"];
            503: components["responses"]["Unavailable"];
        };
    };
    echoPut: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description ECHO: and the method */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/plain": string;
                };
            };
            400: components["responses"]["BadRequest"];
            408: components["responses"]["TooSlow"];
            417: components["responses"]["ExpectationFailed"];
            431: components["responses"]["HeadersTooLarge"];
            501: components["responses"]["NotImplemented"];
            503: components["responses"]["Unavailable"];
        };
    };
    echoPost: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description ECHO: and the method */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/plain": string;
                };
            };
            400: components["responses"]["BadRequest"];
            408: components["responses"]["TooSlow"];
            417: components["responses"]["ExpectationFailed"];
            431: components["responses"]["HeadersTooLarge"];
            501: components["responses"]["NotImplemented"];
            503: components["responses"]["Unavailable"];
        };
    };
    echoDelete: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description ECHO: and the method */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/plain": string;
                };
            };
            400: components["responses"]["BadRequest"];
            408: components["responses"]["TooSlow"];
            417: components["responses"]["ExpectationFailed"];
            431: components["responses"]["HeadersTooLarge"];
            501: components["responses"]["NotImplemented"];
            503: components["responses"]["Unavailable"];
        };
    };
    echoPatch: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description ECHO: and the method */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/plain": string;
                };
            };
            400: components["responses"]["BadRequest"];
            408: components["responses"]["TooSlow"];
            417: components["responses"]["ExpectationFailed"];
            431: components["responses"]["HeadersTooLarge"];
            501: components["responses"]["NotImplemented"];
            503: components["responses"]["Unavailable"];
        };
    };
    formerContract: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The same as /openapi.json. The first version had Swagger 2.0 here */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        [key: string]: unknown;
                    };
                };
            };
            400: components["responses"]["BadRequest"];
            408: components["responses"]["TooSlow"];
            417: components["responses"]["ExpectationFailed"];
            431: components["responses"]["HeadersTooLarge"];
            501: components["responses"]["NotImplemented"];
            503: components["responses"]["Unavailable"];
        };
    };
}
