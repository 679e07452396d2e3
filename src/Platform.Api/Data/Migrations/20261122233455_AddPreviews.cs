using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Platform.Api.Data.Migrations
{
    /// <inheritdoc />
    public partial class AddPreviews : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateTable(
                name: "previews",
                columns: table => new
                {
                    tenant_id = table.Column<Guid>(type: "uuid", nullable: false),
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    study_id = table.Column<Guid>(type: "uuid", nullable: false),
                    series_id = table.Column<Guid>(type: "uuid", nullable: false),
                    study_version = table.Column<int>(type: "integer", nullable: false),
                    inputs_hash = table.Column<string>(type: "text", nullable: false),
                    strip = table.Column<string>(type: "text", nullable: false),
                    full = table.Column<string>(type: "text", nullable: false),
                    strip_attempt_id = table.Column<Guid>(type: "uuid", nullable: true),
                    full_attempt_id = table.Column<Guid>(type: "uuid", nullable: true),
                    crashes = table.Column<int>(type: "integer", nullable: false),
                    reason_code = table.Column<string>(type: "text", nullable: true),
                    reason = table.Column<string>(type: "text", nullable: true),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_previews", x => new { x.tenant_id, x.id });
                    table.ForeignKey(
                        name: "fk_previews_series_tenant_id_series_id",
                        columns: x => new { x.tenant_id, x.series_id },
                        principalTable: "series",
                        principalColumns: new[] { "tenant_id", "id" },
                        onDelete: ReferentialAction.Cascade);
                    table.ForeignKey(
                        name: "fk_previews_studies_tenant_id_study_id",
                        columns: x => new { x.tenant_id, x.study_id },
                        principalTable: "studies",
                        principalColumns: new[] { "tenant_id", "id" },
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateIndex(
                name: "ix_previews_tenant_id_series_id_inputs_hash",
                table: "previews",
                columns: new[] { "tenant_id", "series_id", "inputs_hash" },
                unique: true);

            migrationBuilder.CreateIndex(
                name: "ix_previews_tenant_id_study_id",
                table: "previews",
                columns: new[] { "tenant_id", "study_id" });
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "previews");
        }
    }
}
