import Foundation
import Glibc
import Logging

// Where the server's folders go, their making and their removal.

extension EmbeddedCluster {
    /// A relocated place is ours when its marker says so. When the marker names another home that no longer claims
    /// the place, our home is that one, moved; when it still does, ours is a copy, and must not share its data.
    func owns(_ place: String) -> Bool {
        guard let marker = Marker(folder: place), marker.owner == geteuid() else { return false }
        return marker.home == home || Location(home: marker.home).place != place
    }

    /// Decides on the place and the socket's folder, and records them.
    func settle(_ user: ServerUser) async throws -> StackLayout {
        let place = try await choosePlace(user)
        if place != home, Marker(folder: place)?.home != home { try Marker.write(to: place, home: home) }
        let run = "\(place)/run"
        let socket =
            StackLayout.canHoldSocket(run) ? run : "/tmp/emporium-\(geteuid())-\(StackLayout.hash(home))"
        let layout = StackLayout(home: home, place: place, socketDirectory: socket)
        let location = Location(
            place: place == home ? nil : place, socketDirectory: socket == run ? nil : socket)
        // Here and not when the server starts: in /tmp somebody else may have been there first.
        if socket != run { try Files.makeFolder(socket, ownedBy: user.owner) }
        if location != Location(home: home) {
            if socket != run { logger.notice("\(run) cannot hold a Unix socket: it goes to \(socket)") }
            if location.text.isEmpty {
                try Files.remove(layout.locationFile)
            } else {
                try Files.write(location.text, to: layout.locationFile, mode: 0o644)
            }
        }
        return layout
    }

    private func choosePlace(_ user: ServerUser) async throws -> String {
        if let recorded = Location(home: home).place {
            guard Marker(folder: recorded) != nil else {
                throw StackError(
                    .notOurs, "\(home)/location names \(recorded) for the data, and no stack is there",
                    hint: "bring the folder back, or start empty: rm -- \(shellQuoted("\(home)/location"))")
            }
            if owns(recorded) { return recorded }
            logger.warning("\(home) is a copy; the data in \(recorded) stays the original's, ours begins empty")
        }
        if try await user.canEnter(home) { return home }
        if Files.exists("\(home)/data") {
            let folder = try await firstClosed(to: user)
            throw StackError(
                .noAccess, "\(user.name), who runs the server, can no longer enter \(folder)",
                hint: "chmod o+x \(shellQuoted(folder))")
        }
        return try await relocate(user)
    }

    private func firstClosed(to user: ServerUser) async throws -> String {
        var path = ""
        for name in home.split(separator: "/") {
            path += "/" + name
            if try await !user.canEnter(path) { return path }
        }
        return home
    }

    /// A place outside of home. Every folder on the way is root's, so that nobody swaps it.
    private func relocate(_ user: ServerUser) async throws -> String {
        let postgres = "/var/lib/postgresql"
        var base = "/var/tmp/emporium-\(geteuid())"
        if Files.isFolder(postgres), try await user.canEnter(postgres) { base = "\(postgres)/emporium" }
        try Files.makeFolder(base, mode: 0o711)
        for attempt in 1... {
            let place = "\(base)/\(StackLayout.hash(home))" + (attempt == 1 ? "" : "-\(attempt)")
            if Files.exists(place), Marker(folder: place) != nil, !owns(place) { continue }  // another home's
            for folder in [base, place] {
                if folder == place { try Files.makeFolder(place, mode: 0o711) }
                guard let info = Files.info(folder), info.st_mode & S_IFMT == S_IFDIR, info.st_uid == geteuid() else {
                    throw StackError(
                        .notOurs, "\(folder) belongs to somebody else",
                        hint: "see whose it is (ls -ld \(folder)) and move it away")
                }
            }
            try Marker.refuseForeign(place)
            if Files.exists("\(place)/data") {
                logger.warning("the data of an earlier stack of \(home) is in \(place) and is taken up again")
            } else {
                logger.notice("\(user.name) cannot enter \(home): the data goes to \(place)")
            }
            return place
        }
        preconditionFailure("the loop above returns or throws")
    }

    /// What an `initdb` that was killed left behind.
    func removeLeftovers(_ layout: StackLayout) throws {
        for name in Files.names(in: layout.place) where name.hasPrefix(StackLayout.partialPrefix) {
            logger.notice("removing \(layout.place)/\(name), which an earlier up did not finish")
            try Files.remove("\(layout.place)/\(name)")
        }
    }

    /// What every cluster of Emporium is made with, wherever; deploy/postgres/Dockerfile has them, too.
    static let clusterOptions = ["--data-checksums", "--encoding=UTF8", "--locale=C.UTF-8", "--auth-host=scram-sha-256"]

    /// Makes the data in a folder beside its own, and renames it when it is whole.
    func create(_ layout: StackLayout, _ user: ServerUser, _ binaries: ServerBinaries) async throws {
        try requireSpace(at: layout.place)
        logger.info("making a PostgreSQL \(binaries.version) database in \(layout.pgdata)")
        let name = StackLayout.partialPrefix + String(UInt32.random(in: .min ... .max), radix: 16)
        let partial = "\(layout.place)/\(name)"
        do {
            try Files.makeFolder(partial, ownedBy: user.owner)
            var command = [
                binaries.program("initdb"), "-D", name, "--auth-local=peer", "--username=\(Self.adminRole)",
                "--no-instructions",
            ]
            command += Self.clusterOptions
            if settings["fsync"] == "off" { command.append("--no-sync") }
            let outcome = try await user.run(command, in: layout.place)
            if outcome.status != 0 { throw Self.failure(.initFailed, "initdb failed", outcome.output, layout) }
            try Marker.write(to: partial, home: home, owner: user.owner)
            if rename(partial, layout.pgdata) != 0 { throw Files.failure("cannot rename", partial) }
            Files.sync(folder: layout.place)
        } catch {
            try? Files.remove(partial)
            throw error
        }
    }

    func removeEverything(_ layout: StackLayout, _ user: ServerUser) throws {
        if layout.socketDirectory != "\(layout.place)/run", let info = Files.info(layout.socketDirectory),
            info.st_uid == user.uid
        {
            try Files.remove(layout.socketDirectory)
        }
        for folder in layout.isRelocated ? [layout.place, home] : [home] {
            for name in Files.names(in: folder) where name.hasPrefix(StackLayout.partialPrefix) {
                try Files.remove("\(folder)/\(name)")
            }
            // The markers go last: what is left half removed is still known as ours.
            for name in StackLayout.names.sorted(by: { $0 != StackLayout.markerName && $1 == StackLayout.markerName })
            where name != StackLayout.markerName {
                try Files.remove("\(folder)/\(name)")
            }
            try Files.remove("\(folder)/\(StackLayout.markerName)")
            rmdir(folder)
        }
        if layout.isRelocated { rmdir(String(layout.place[..<layout.place.lastIndex(of: "/")!])) }
    }
}
