using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Platform.Api.Data.Migrations
{
    /// <inheritdoc />
    public partial class HoldPixels : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<DateTimeOffset>(
                name: "pixels_held_at",
                table: "studies",
                type: "timestamp with time zone",
                nullable: true);

            migrationBuilder.AddColumn<DateTimeOffset>(
                name: "pixels_released_at",
                table: "studies",
                type: "timestamp with time zone",
                nullable: true);

            migrationBuilder.AddColumn<Guid>(
                name: "pixels_released_by",
                table: "studies",
                type: "uuid",
                nullable: true);

            migrationBuilder.AddColumn<string[]>(
                name: "pixel_suspicions",
                table: "instances",
                type: "text[]",
                nullable: false,
                defaultValueSql: "'{}'");

            migrationBuilder.AddColumn<DateTimeOffset>(
                name: "pixels_released_at",
                table: "instances",
                type: "timestamp with time zone",
                nullable: true);

            migrationBuilder.CreateIndex(
                name: "ix_studies_tenant_id_pixels_held_at",
                table: "studies",
                columns: new[] { "tenant_id", "pixels_held_at" },
                filter: "pixels_held_at is not null and pixels_released_at is null");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "ix_studies_tenant_id_pixels_held_at",
                table: "studies");

            migrationBuilder.DropColumn(
                name: "pixels_held_at",
                table: "studies");

            migrationBuilder.DropColumn(
                name: "pixels_released_at",
                table: "studies");

            migrationBuilder.DropColumn(
                name: "pixels_released_by",
                table: "studies");

            migrationBuilder.DropColumn(
                name: "pixel_suspicions",
                table: "instances");

            migrationBuilder.DropColumn(
                name: "pixels_released_at",
                table: "instances");
        }
    }
}
