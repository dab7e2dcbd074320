import Foundation
import Testing

extension EndToEnd { @Suite struct Membership {} }

/// Tens of rows for every rule, columns in another order and one too many, BOM, CR LF, quotes, embedded line ends.
enum Fixture {
    /// name, email, date_of_birth, mobile_no
    static let people: [[String]] = [
        ["John Smith", "john@mail.com", "1975-08-27", "12345678"],
        ["Dr. Mary Ann Smith, PhD", "mary@mail.com", "1975/08/27", "1234 5678"],
        ["Mr. Conan O'Neil Jr.", "o'neil@mail.net", "02/28/1980", "23456789"],
        ["Ludwig van Beethoven", "ludwig@mail.com", "28-03-1990", "34567890"],
        ["李小龍", "li@mail.com", "1940-11-27", "45678901"],
        ["Smith-Jones, Anne \"Annie\"", "anna@mail.com", "1985-05-05", "56789012"],
        ["Grace\nHopper", "multi@mail.com", "1960-12-09", "67890123"],
        ["Johnny Smith", "JOHN@MAIL.COM", "1975-08-27", "87654321"],
        ["", "noname@mail.com", "1980-01-01", "12345678"],
        ["No Email", "", "1980-01-01", "12345678"],
        ["Bad Mail", "bad@mail", "1980-01-01", "12345678"],
        ["Org Mail", "org@mail.org", "1980-01-01", "12345678"],
        ["Young One", "young@mail.com", "2004-01-01", "12345678"],
        ["Just Adult", "adult@mail.com", "2003-12-31", "12345678"],
        ["Feb Thirty", "feb@mail.com", "1996/02/31", "12345678"],
        ["For Mat", "form@mail.com", "31 Dec 1990", "12345678"],
        ["No Date", "nodate@mail.com", "", "12345678"],
        ["Short Mobile", "short@mail.com", "1980-01-01", "1234567"],
        ["No Mobile", "nomob@mail.com", "1980-01-01", ""],
        ["Miss", "many", "2020-01-01", "12"],
        ["=cmd|'/c calc'!A1", "formula@mail.com", "1980-01-01", "12345678"],
        ["Mr. James T. Kirk III", "third@mail.com", "1933-03-22", "12345678"],
        ["Bob Smith", "bob@mail.com", "27-08-1975", "11112222"],
        ["Mrs. Élodie de la Tour", "elodie@mail.com", "1980-01-01", "12345678"],
    ]

    static func cell(_ text: String) -> String {
        text.contains { ",\"\n".contains($0) } ? "\"" + text.replacingOccurrences(of: "\"", with: "\"\"") + "\"" : text
    }

    /// The people, then records that no JSON can be: ragged twice, a stray quote; blank lines between.
    static var csv: String {
        var text = "\u{FEFF}E-Mail,name,Shoe Size,mobile no,Date-Of-Birth\r\n"
            .replacingOccurrences(of: "E-Mail", with: "email")
        for (index, person) in people.enumerated() {
            text += [person[1], person[0], "42", person[3], person[2]].map(cell).joined(separator: ",") + "\r\n"
            if index == 10 { text += "\r\n" }
        }
        text += "ragged@mail.com,Ragged Row\n"
        text += "more@mail.com,More Fields,42,12345678,1980-01-01,surplus\n"
        text += "stray@mail.com,\"Stray\" Quote,42,12345678,1980-01-01"
        return text
    }

    static var objects: [String] {
        get throws {
            try people.map { person in
                let object = [
                    "name": person[0], "email": person[1], "date_of_birth": person[2], "mobile_no": person[3],
                    "shoe": "42",
                ]
                return String(decoding: try JSONSerialization.data(withJSONObject: object, options: [.sortedKeys]), as: UTF8.self)
            }
        }
    }

    static let successful = """
        membership_id,first_name,last_name,email,date_of_birth,mobile_no,above_18
        Smith_c7677,John,Smith,john@mail.com,19750827,12345678,true
        Smith_c7677-2,Mary Ann,Smith,mary@mail.com,19750827,12345678,true
        O'Neil_a4d2d,Conan,O'Neil,o'neil@mail.net,19800228,23456789,true
        van Beethoven_1e74d,Ludwig,van Beethoven,ludwig@mail.com,19900328,34567890,true
        李小龍_9367f,,李小龍,li@mail.com,19401127,45678901,true
        Smith-Jones_5247d,"Anne ""Annie""\",Smith-Jones,anna@mail.com,19850505,56789012,true
        Hopper_f4e59,Grace,Hopper,multi@mail.com,19601209,67890123,true
        Adult_8d7b1,Just,Adult,adult@mail.com,20031231,12345678,true
        calc'!A1_02c5b,=cmd|'/c,calc'!A1,formula@mail.com,19800101,12345678,true
        Kirk_9aae2,James T.,Kirk,third@mail.com,19330322,12345678,true
        Smith_c7677-3,Bob,Smith,bob@mail.com,19750827,11112222,true
        de la Tour_02c5b,Élodie,de la Tour,elodie@mail.com,19800101,12345678,true

        """

    /// Line numbers are those of the CSV file: record 7 takes two lines, a blank one follows record 11.
    static let unsuccessful = """
        name,email,date_of_birth,mobile_no,reasons,source_file,line
        Johnny Smith,JOHN@MAIL.COM,1975-08-27,87654321,the same person (e-mail and birthday) is a member already: Smith_c7677,people.csv,10
        ,noname@mail.com,1980-01-01,12345678,the name is missing,people.csv,11
        No Email,,1980-01-01,12345678,the e-mail is missing,people.csv,12
        Bad Mail,bad@mail,1980-01-01,12345678,the e-mail is malformed,people.csv,13
        Org Mail,org@mail.org,1980-01-01,12345678,the e-mail is not at an accepted provider,people.csv,15
        Young One,young@mail.com,2004-01-01,12345678,the applicant is not over 18 on the policy's day,people.csv,16
        Feb Thirty,feb@mail.com,1996/02/31,12345678,the date of birth is not in the calendar,people.csv,18
        For Mat,form@mail.com,31 Dec 1990,12345678,the date of birth is in none of the accepted formats,people.csv,19
        No Date,nodate@mail.com,,12345678,the date of birth is missing,people.csv,20
        Short Mobile,short@mail.com,1980-01-01,1234567,the mobile number does not have 8 digits,people.csv,21
        No Mobile,nomob@mail.com,1980-01-01,,the mobile number is missing,people.csv,22
        Miss,many,2020-01-01,12,the name is missing; the e-mail is malformed; the applicant is not over 18 on the policy's day; the mobile number does not have 8 digits,people.csv,23
        Ragged Row,ragged@mail.com,,,the record has not as many fields as the header,people.csv,28
        More Fields,more@mail.com,1980-01-01,12345678,the record has not as many fields as the header,people.csv,29
        "stray@mail.com,""Stray"" Quote,42,12345678,1980-01-01",,,,something follows a closing quote,people.csv,30

        """
}

extension EndToEnd.Membership {
    @Test func fromCSVToOutputFiles() async throws {
        try await Bench.with { bench in
            try bench.drop("people.csv", Fixture.csv)
            let first = try await bench.membership()
            #expect(first.exitCode == 0, "\(first.err)")
            #expect(first.lines.first == "read 27 = stored 12 + rejected 14 + duplicate 1")
            #expect(try bench.output("successful") == Fixture.successful)
            #expect(try bench.output("unsuccessful") == Fixture.unsuccessful)
            #expect(bench.names("processed") == ["people.csv"] && bench.names("input").isEmpty)
            try await bench.expectBalance()

            // Nothing new: nothing is read, nothing written.
            let second = try await bench.membership()
            #expect(second.exitCode == 0 && second.lines == ["read 0 = stored 0 + rejected 0 + duplicate 0"])
            #expect(bench.names("output/successful").count == 1 && bench.names("output/unsuccessful").count == 1)

            // The same bytes under another name are known.
            try bench.drop("again.csv", Fixture.csv)
            let third = try await bench.membership()
            #expect(third.exitCode == 0 && third.lines.first == "read 0 = stored 0 + rejected 0 + duplicate 0")
            #expect(third.out.contains("known already: again.csv"))
            #expect(bench.names("processed") == ["again.csv", "people.csv"])
            #expect(try await bench.count("select count(*) from membership.member") == 12)

            // The same people in another hour are duplicates.
            try bench.drop("hour2.csv", Fixture.csv + "\n")
            let fourth = try await bench.membership()
            #expect(fourth.lines.first == "read 27 = stored 0 + rejected 14 + duplicate 13", "\(fourth.out)")
            try await bench.expectBalance()
        }
    }

    @Test(arguments: ["people.ndjson", "people.json", "people.jsonl.gz", "people.csv.gz"])
    func theSamePeopleInAnotherFormat(name: String) async throws {
        try await Bench.with { bench in
            let plain: String
            if name.contains("csv") {
                plain = Fixture.csv
            } else {
                let objects = try Fixture.objects
                plain = name == "people.json"
                    ? "\u{FEFF}[\n" + objects.joined(separator: ",\r\n") + "\n]\n" : objects.joined(separator: "\n")
            }
            if name.hasSuffix(".gz") {
                try Data(plain.utf8).write(to: URL(fileURLWithPath: bench.folder + "/x"))
                try await system(["/bin/sh", "-c", "gzip -c x > y && mv y 'input/\(name)'"], in: bench.folder)
            } else {
                try bench.drop(name, plain)
            }
            let outcome = try await bench.membership()
            #expect(outcome.exitCode == 0, "\(outcome.err)")
            #expect(outcome.lines.first
                == (name.contains("csv") ? "read 27 = stored 12 + rejected 14 + duplicate 1"
                    : "read 24 = stored 12 + rejected 11 + duplicate 1"))
            #expect(try bench.output("successful") == Fixture.successful)
            // The same verdicts, but for the coordinates and the records that no JSON can be.
            func verdicts(_ text: String) -> [Substring] { text.split(separator: "\n").map { $0.prefix { $0 != "," } } }
            let expected = verdicts(Fixture.unsuccessful)
            let rejected = verdicts(try bench.output("unsuccessful"))
            #expect(rejected == (name.contains("csv") ? expected : Array(expected.dropLast(3))))
            try await bench.expectBalance()
        }
    }

    @Test func severalFilesMakeOneOutput() async throws {
        try await Bench.with { bench in
            let header = "name,email,date_of_birth,mobile_no\n"
            for number in 1...5 {
                try bench.drop(
                    "part\(number).csv", header + "Ann Lee,ann\(number)@mail.com,1980-01-01,12345678\nX Y,x,1980-01-01,1\n")
            }
            let outcome = try await bench.membership("--workers", "4", "--batch-rows", "1")
            #expect(outcome.lines.first == "read 10 = stored 5 + rejected 5 + duplicate 0", "\(outcome.out)\(outcome.err)")
            let ids = try bench.output("successful").split(separator: "\n").dropFirst().map { $0.prefix { $0 != "," } }
            #expect(ids == ["Lee_02c5b", "Lee_02c5b-2", "Lee_02c5b-3", "Lee_02c5b-4", "Lee_02c5b-5"])
            #expect(try bench.output("unsuccessful").split(separator: "\n").count == 6)
            #expect(bench.names("output/successful").count == 1)
            try await bench.expectBalance()
        }
    }

    @Test func outputAsNDJSONAndForSpreadsheets() async throws {
        try await Bench.with { bench in
            try bench.drop("people.csv", Fixture.csv)
            let outcome = try await bench.membership("--output-format", "ndjson")
            #expect(outcome.exitCode == 0, "\(outcome.err)")
            #expect(bench.names("output/successful").allSatisfy { $0.hasSuffix(".ndjson") })
            let objects = try bench.output("successful").split(separator: "\n").map {
                try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
            }
            #expect(objects.count == 12)
            #expect(objects[4]["last_name"] as? String == "李小龍" && objects[4]["first_name"] is NSNull)
            #expect(objects[5]["first_name"] as? String == "Anne \"Annie\"" && objects[0]["above_18"] as? String == "true")
            let rejected = try bench.output("unsuccessful").split(separator: "\n").map {
                try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
            }
            #expect(rejected.count == 15 && rejected[0]["line"] as? Int == 10)
        }
        try await Bench.with { bench in
            try bench.drop("people.csv", Fixture.csv)
            let outcome = try await bench.membership("--spreadsheet-safe")
            #expect(outcome.exitCode == 0)
            let expected = Fixture.successful.replacingOccurrences(of: ",=cmd", with: ",'=cmd")
            #expect(try bench.output("successful") == expected)
        }
    }

    @Test func asJSONAndWithALimitOfRejects() async throws {
        try await Bench.with { bench in
            try bench.drop("people.csv", Fixture.csv)
            let outcome = try await bench.membership("--json", "--max-rejects", "13")
            #expect(outcome.exitCode == 65)
            let object = try outcome.json()
            #expect(object["read"] as? Int == 27 && object["stored"] as? Int == 12 && object["rejected"] as? Int == 14)
            #expect(object["duplicate"] as? Int == 1 && object["balances"] as? Bool == true)
            #expect((object["written"] as? [String])?.count == 2)
            // The limit stops nobody from having the output.
            #expect(try bench.output("successful") == Fixture.successful)
            try bench.drop("more.csv", Fixture.csv + "\n\n")
            #expect(try await bench.membership("--max-rejects", "14").exitCode == 0)
        }
    }

    @Test func loadAndRunGoTogether() async throws {
        try await Bench.with { bench in
            try bench.drop("people.csv", Fixture.csv)
            let loaded = try await bench.run("load", "files", "input/people.csv")
            #expect(loaded.exitCode == 0 && loaded.lines.first == "read 27 = stored 12 + rejected 14 + duplicate 1")
            #expect(bench.names("input") == ["people.csv"])  // one named file stays where it is
            #expect(bench.names("output").isEmpty)
            // What others judged is written out by the next run, which knows the file by its content.
            let run = try await bench.membership()
            #expect(run.exitCode == 0 && run.out.contains("known already: people.csv"))
            #expect(try bench.output("successful") == Fixture.successful)
            #expect(try bench.output("unsuccessful") == Fixture.unsuccessful)
        }
    }

    @Test func usageAndMissingThings() async throws {
        try await Bench.with { bench in
            for arguments in [
                ["run"], ["run", "membership", "--no-such"], ["run", "membership", "--every", "soon"],
                ["run", "membership", "--batch-rows", "0"], ["load", "files", "--delimiter", "ab"],
                ["replay", "--where", "novalue"], ["nonsense"],
            ] {
                let outcome = try await Emporium.run(arguments, bench.environment, in: bench.folder)
                // `run` alone is a request for help in ArgumentParser's eyes.
                #expect(outcome.exitCode == (arguments == ["run"] ? 0 : 64), "\(arguments): \(outcome.err)")
            }
            let feed = try await bench.run("load", "files", "--feed", "no.feed", "--in", "input")
            #expect(feed.exitCode == 1 && feed.err.contains("EM010") && feed.err.contains("membership.application"))
            let file = try await bench.run("load", "files", "nothere.csv")
            #expect(file.exitCode == 1 && file.err.contains("nothere.csv is not there"))

            let nowhere = ["EMPORIUM_HOME": bench.folder + "/no-stack"]
            for arguments in [Bench.pipeline, ["load", "files"], ["status"], ["url"], ["rejects"]] {
                let outcome = try await Emporium.run(arguments, nowhere, in: bench.folder)
                #expect(outcome.exitCode == 69, "\(arguments): \(outcome.err)")
            }
            let hint = try await Emporium.run(Bench.pipeline, nowhere, in: bench.folder)
            #expect(hint.err.contains("emporium up"))
        }
    }
}
